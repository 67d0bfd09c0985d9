import { readdirSync, readFileSync } from "node:fs";

/** What a process holds, on Linux. */
export interface ProcessFigures {
  /** Resident memory, in bytes. */
  readonly memory: number;
  /** Open files, sockets and devices. */
  readonly handles: number;
}

/** @returns null when the process has ended, and where there is no `/proc` */
export function processFigures(pid: number): ProcessFigures | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined
      ? null
      : { memory: Number(kilobytes) * 1024, handles: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return null;
  }
}

/** The slope of the least-squares line through some points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map((point) => point[0])), mean(points.map((point) => point[1]))];
  const squares = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / squares;
}
