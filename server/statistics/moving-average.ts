/** About √count/2 values on each side are averaged: enough to see a trend among p-values, whose spread is .295. */
export function movingAverageRadius(count: number): number {
  return Math.max(1, Math.round(Math.sqrt(count) / 2));
}

/**
 * The mean of the values around each place, that of {@link movingAverageRadius} on each side, fewer at the ends. Null is
 * left out; null where nothing is left.
 */
export function movingAverage(
  values: readonly (number | null)[],
  radius = movingAverageRadius(values.length),
): (number | null)[] {
  // Sums over all places before, so that any width costs the same.
  const sums = new Float64Array(values.length + 1);
  const counts = new Uint32Array(values.length + 1);
  values.forEach((value, i) => {
    sums[i + 1] = sums[i]! + (value ?? 0);
    counts[i + 1] = counts[i]! + (value === null ? 0 : 1);
  });
  return values.map((_, i) => {
    const [from, to] = [Math.max(0, i - radius), Math.min(values.length, i + radius + 1)];
    const count = counts[to]! - counts[from]!;
    return count === 0 ? null : Number(((sums[to]! - sums[from]!) / count).toPrecision(6));
  });
}
