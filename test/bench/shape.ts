/** Matrices of a benchmark. */
export interface BenchShape {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
}

/**
 * @param text `ROWSxCOLUMNS[*COUNT]`
 * @throws Error if it is something else.
 */
export function parseShape(text: string): BenchShape {
  const match = /^(\d+)x(\d+)(?:\*(\d+))?$/.exec(text);
  if (match === null) throw new Error(`“${text}” is no shape such as 4096x4096 or 1024x4096*8.`);
  return { rows: Number(match[1]), columns: Number(match[2]), count: Number(match[3] ?? 1) };
}
