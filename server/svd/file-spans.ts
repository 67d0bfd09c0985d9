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

/** Matrices that follow one another in a batch and in a file, at equal distances: `first`, first + 1, … */
export interface EquallySpaced {
  readonly first: number;
  readonly count: number;
  /** Bytes from the begin of one to that of the next. */
  readonly distance: number;
}

/** Groups indices into `sources`, all of one file and in its order, by what lies at equal distances, `most` together. */
export function equallySpaced(
  indices: readonly number[],
  sources: readonly MatrixSource[],
  most: number,
): EquallySpaced[] {
  const groups: EquallySpaced[] = [];
  for (const index of indices) {
    const group = groups.at(-1);
    if (group !== undefined && group.count < most && index === group.first + group.count) {
      const [last, own] = [sources[index - 1]!, sources[index]!];
      const distance = own.begin - last.begin;
      if (own.pitch === last.pitch && (group.count === 1 || distance === group.distance)) {
        groups[groups.length - 1] = { ...group, count: group.count + 1, distance };
        continue;
      }
    }
    groups.push({ first: index, count: 1, distance: 0 });
  }
  return groups;
}
