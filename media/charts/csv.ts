/** Numbers as comma-separated values (RFC 4180): exact, without units. */
export interface NumberTable {
  readonly columns: readonly string[];
  /** NaN and null for what does not exist: an empty field. */
  readonly rows: readonly (readonly (number | string | null)[])[];
}

export function csvText({ columns, rows }: NumberTable): string {
  return [columns, ...rows].map((cells) => `${cells.map(field).join(",")}\r\n`).join("");
}

function field(cell: number | string | null): string {
  if (cell === null || Number.isNaN(cell)) return "";
  if (typeof cell === "number") return String(cell);
  // Text out of a file must not become a formula in a spreadsheet.
  const text = /^[=+\-@\t\r]/u.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
