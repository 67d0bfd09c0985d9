import { appendFile } from "node:fs/promises";

/** A row of the table that `npm run bench:gpu` ends with. */
export interface Row {
  readonly work: string;
  readonly milliseconds: number;
  /** PyTorch's time for the same on the same GPU. */
  readonly peer?: number | null;
  readonly note?: string;
}

/** Adds a row to the table, if the program is part of one: scripts/bench.mjs says where. */
export async function report(row: Row): Promise<void> {
  const path = process.env["BENCH_REPORT"];
  if (path !== undefined) await appendFile(path, `${JSON.stringify(row)}\n`);
}
