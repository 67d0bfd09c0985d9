/**
 * Positions (0-based) out of `length` that a line needs: all where they are few, else both ends in full, where outliers
 * are, and evenly spaced ones between.
 */
export function thin(length: number, most = 600, ends = 100): number[] {
  if (length <= most) return Array.from({ length }, (_, index) => index);
  const between = most - 2 * ends;
  const step = (length - 2 * ends) / between;
  return [
    ...Array.from({ length: ends }, (_, index) => index),
    ...Array.from({ length: between }, (_, index) => ends + Math.floor(index * step)),
    ...Array.from({ length: ends }, (_, index) => length - ends + index),
  ];
}
