/**
 * Singular values of a bidiagonal matrix in float64, by the differential quotient-difference algorithm with shifts:
 * K. V. Fernando and B. N. Parlett, "Accurate singular values and differential qd algorithms", Numer. Math. 67 (1994).
 * It works on the squares qᵢ = dᵢ², eᵢ of the entries and never subtracts except for the shift, so each value comes out
 * to a few ulp of itself, as long as it is above 1e-17 of the largest.
 */

/** An off-diagonal b with b² below this share of the squares beside it is taken for zero: |b| ≤ 2ε of a value. */
const negligible = (2 * Number.EPSILON) ** 2;
/** The same beside the largest entry, which is scaled to 1. */
const floor = 1e-34;

/**
 * The singular values, descending, of the bidiagonal matrix with `diagonal` (n entries) and `offDiagonal` (n − 1 of them
 * count), above or below it: the values are the same. All entries must be finite.
 */
export function bidiagonalSingularValues(diagonal: ArrayLike<number>, offDiagonal: ArrayLike<number>): Float64Array {
  const n = diagonal.length;
  let largest = 0;
  for (let i = 0; i < n; i++) {
    largest = Math.max(largest, Math.abs(diagonal[i]!), i + 1 < n ? Math.abs(offDiagonal[i]!) : 0);
  }
  if (largest === 0) return new Float64Array(n);
  const q = new Float64Array(n);
  const e = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    q[i] = (diagonal[i]! / largest) ** 2;
    e[i] = i + 1 < n ? (offDiagonal[i]! / largest) ** 2 : 0;
  }
  return squaredValues({ q, e })
    .map((square) => Math.sqrt(square) * largest)
    .sort()
    .reverse();
}

/** A matrix in qd form: q₀ … q_{n−1} and e₀ … e_{n−2}. */
interface QuotientsDifferences {
  readonly q: Float64Array;
  readonly e: Float64Array;
}

/** A block on its own: rows first … last, whose values are `shift` + those of its part of `now`. */
interface Block {
  readonly now: QuotientsDifferences;
  /** Room for the next transform. */
  readonly next: QuotientsDifferences;
  readonly first: number;
  readonly last: number;
  readonly shift: number;
}

/** What a transform tells of its result: where it failed (−1: nowhere), the smallest pivot, the last, the smallest ê. */
interface Pass {
  failedAt: number;
  smallest: number;
  last: number;
  smallestDifference: number;
}

/** The squares of the singular values in no order; the arrays are used up. */
function squaredValues(start: QuotientsDifferences): Float64Array {
  const n = start.q.length;
  const values = new Float64Array(n);
  const room: QuotientsDifferences = { q: new Float64Array(n), e: new Float64Array(n) };
  const blocks: Block[] = [{ now: start, next: room, first: 0, last: n - 1, shift: 0 }];
  const pass: Pass = { failedAt: -1, smallest: 0, last: 0, smallestDifference: 0 };
  for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
    const { first } = block;
    let { now, next, last, shift } = block;
    const split = splitAfter(block);
    if (split >= 0) {
      blocks.push({ ...block, last: split }, { ...block, first: split + 1 });
      continue;
    }
    // The algorithm finds the small values at the end first.
    if (last > first && now.q[first]! < now.q[last]!) reverse(now, first, last);
    // The smallest value that is left lies in [0, bound].
    let bound = Infinity;
    let atEnd = true;
    let pivot = Infinity;
    for (;;) {
      const { q, e } = now;
      if (last > first && isNegligible(e[last - 1]!, shift + q[last]!)) {
        values[last] = shift + q[last]!;
        last -= 1;
        bound = Infinity;
        continue;
      }
      if (last === first) {
        values[last] = shift + q[last]!;
        break;
      }
      // The smaller value of the last two rows is at least the smallest of all (interlacing), and near it in the end.
      bound = Math.min(bound, smallerOfTwo(q[last - 1]!, e[last - 1]!, q[last]!));
      let step = atEnd ? bound : Math.min(bound, pivot) / 4;
      for (;;) {
        // A shift that the sum would not feel only costs accuracy.
        if (step < Number.EPSILON * shift || step < floor) step = 0;
        transform(now, next, first, last, step, pass);
        if (pass.failedAt < 0) break;
        bound = step;
        // If only the last pivot is negative, step + pivot is a lower bound of the smallest value, and a good one.
        step = pass.failedAt === last && step + pass.last > 0 ? step + pass.last : step / 4;
      }
      [now, next] = [next, now];
      shift += step;
      bound -= step;
      atEnd = pass.last === pass.smallest;
      pivot = pass.smallest;
      if (pass.smallestDifference <= Math.max(floor, negligible * shift)) {
        blocks.push({ now, next, first, last, shift });
        break;
      }
    }
  }
  return values;
}

function isNegligible(difference: number, square: number): boolean {
  return difference <= floor || difference <= negligible * square;
}

/** The last row of the block with a negligible off-diagonal beside it, −1 if there is none. */
function splitAfter({ now, first, last, shift }: Block): number {
  for (let i = last - 1; i >= first; i--) {
    if (isNegligible(now.e[i]!, shift)) return i;
  }
  return -1;
}

/** Turns the block round: the same values, the other end first. */
function reverse({ q, e }: QuotientsDifferences, first: number, last: number): void {
  q.subarray(first, last + 1).reverse();
  e.subarray(first, last).reverse();
}

/** The smaller eigenvalue of [[a + e, √(c·e)], [√(c·e), c]], whose determinant is a·c. */
function smallerOfTwo(a: number, e: number, c: number): number {
  const half = (a + e + c) / 2;
  const larger = half + Math.sqrt(Math.max(half * half - a * c, 0));
  return larger === 0 ? 0 : a * (c / larger);
}

/**
 * One dqds transform: `to` gets the qd form of the block whose values are smaller by `step`. It fails at the first
 * negative pivot, which happens only if the step is above the smallest value.
 */
function transform(
  from: QuotientsDifferences,
  to: QuotientsDifferences,
  first: number,
  last: number,
  step: number,
  pass: Pass,
): void {
  const { q, e } = from;
  let pivot = q[first]! - step;
  let smallest = pivot;
  let smallestDifference = Infinity;
  for (let i = first; i < last; i++) {
    if (pivot < 0) {
      pass.failedAt = i;
      return;
    }
    const quotient = pivot + e[i]!;
    const ratio = q[i + 1]! / quotient;
    const difference = e[i]! * ratio;
    to.q[i] = quotient;
    to.e[i] = difference;
    pivot = pivot * ratio - step;
    if (pivot < smallest) smallest = pivot;
    if (difference < smallestDifference) smallestDifference = difference;
  }
  pass.last = pivot;
  if (pivot < 0) {
    pass.failedAt = last;
    return;
  }
  to.q[last] = pivot;
  to.e[last] = 0;
  pass.failedAt = -1;
  pass.smallest = smallest;
  pass.smallestDifference = smallestDifference;
}
