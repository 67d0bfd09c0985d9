import { dtypeBits } from "../checkpoint/dtype.ts";
import type { MatrixSource } from "./measurement.ts";

/** A run of bytes of one file that is read once, and the matrices in it. */
export interface FileSpan {
  readonly path: string;
  readonly begin: number;
  readonly end: number;
  /** Indices into the sources; more than one where they are read together. */
  readonly members: readonly number[];
}

/** Bytes of a matrix that is worth a reading of its own. */
const fairBytes = 4 << 20;

/**
 * How to read these matrices: those that lie in one another, as heads that are runs of columns do, or that are small and
 * lie next to one another, as heads that are runs of rows do, are read together, unless they take more than `most` bytes.
 * In the order of the files.
 */
export function fileSpans(sources: readonly MatrixSource[], most: number): FileSpan[] {
  const order = [...sources.keys()].sort((a, b) => {
    const [one, other] = [sources[a]!, sources[b]!];
    return one.path === other.path ? one.begin - other.begin : one.path < other.path ? -1 : 1;
  });
  const spans: (FileSpan & { members: number[] })[] = [];
  for (const index of order) {
    const { path, begin, end, rows, columns, dtype } = sources[index]!;
    const span = spans.at(-1);
    if (span?.path === path && begin <= span.end && Math.max(end, span.end) - span.begin <= most) {
      const small = (rows * columns * dtypeBits[dtype]) / 8 < fairBytes;
      if (begin < span.end || small) {
        span.members.push(index);
        spans[spans.length - 1] = { ...span, end: Math.max(end, span.end) };
        continue;
      }
    }
    spans.push({ path, begin, end, members: [index] });
  }
  return spans;
}
