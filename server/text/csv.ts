import { printable } from "./format.ts";

/** What stands in a field: numbers are written exactly, without units; NaN and null, for what does not exist, as nothing. */
export type CsvCell = number | string | null;

/** A table of comma-separated values (RFC 4180). */
export interface NumberTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly CsvCell[])[];
}

export function csvText({ columns, rows }: NumberTable): string {
  return [columns, ...rows].map(csvLine).join("");
}

/** One record with its line break. */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(field).join(",")}\r\n`;
}

/** What a spreadsheet takes for the beginning of a formula, full-width forms included. */
const formula = /^[=+\-@＝＋－＠]/u;

/** Text may come out of a file: it shows its hidden characters, stays on its line and never becomes a formula. */
function field(cell: CsvCell): string {
  if (cell === null || Number.isNaN(cell)) return "";
  if (typeof cell === "number") return String(cell);
  const visible = printable(cell);
  const text = formula.test(visible) ? `'${visible}` : visible;
  return /[",]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
