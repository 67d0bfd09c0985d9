/** Bins of a spectrum whose edges fall on the Marchenko–Pastur edges, so that no bar mixes outliers with the bulk. */

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Where it lies against the edges of the bulk. */
  readonly part: "left" | "bulk" | "right";
}

export interface Bins {
  readonly bins: readonly Bin[];
  /** Width of every bin, in units of s, or of ln s where `logarithmic`. */
  readonly width: number;
  readonly logarithmic: boolean;
  /** Values that a logarithmic axis cannot show: zeros. */
  readonly leftOut: number;
}

const mostBins = 240;

/**
 * Counts singular values in bins of equal width; on a logarithmic axis of equal width in ln s.
 *
 * @param values Positive or zero, in any order.
 * @param lower The lower edge s₋, 0 for a square matrix.
 * @param upper The upper edge s₊; where it is 0 the largest value stands in.
 */
export function binSpectrum(values: readonly number[], lower: number, upper: number, logarithmic: boolean): Bins {
  const shown = logarithmic ? values.filter((value) => value > 0) : values;
  const leftOut = values.length - shown.length;
  if (shown.length === 0) return { bins: [], width: 0, logarithmic, leftOut };
  let smallest = Infinity;
  let largest = -Infinity;
  for (const value of shown) {
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  const anchor = upper > 0 ? upper : largest > 0 ? largest : 1;
  const axis = logarithmic ? Math.log : (value: number): number => value;
  const back = logarithmic ? Math.exp : (value: number): number => value;

  // About 2.6 ∛N bins over the bulk, as Freedman and Diaconis would choose for its shape.
  const bulkBins = Math.min(48, Math.max(8, Math.round(2.6 * Math.cbrt(shown.length))));
  // Without a lower edge above zero the logarithm has no bulk width of its own: two octaves hold most of it.
  const bulkFrom = axis(logarithmic ? Math.max(lower, anchor / 4) : lower);
  let width = (axis(anchor) - bulkFrom) / bulkBins;
  const span = Math.max(axis(largest), axis(anchor)) - Math.min(axis(smallest), bulkFrom);
  if (!(width > 0)) width = span > 0 ? span / bulkBins : 1;
  width = Math.max(width, span / mostBins);

  const position = (value: number): number => (axis(value) - axis(anchor)) / width;
  // A value on the upper edge belongs to the bulk: bins are open below and closed above.
  const index = (value: number): number => Math.ceil(position(value) - 1e-9) - 1;
  const first = Math.min(index(smallest), Math.floor((bulkFrom - axis(anchor)) / width + 1e-9));
  const last = Math.max(index(largest), -1);
  const counts = new Uint32Array(last - first + 1);
  for (const value of shown) counts[index(value) - first]! += 1;

  const bins = Array.from(counts, (count, k): Bin => {
    const from = Math.max(back(axis(anchor) + (first + k) * width), logarithmic ? 0 : -Infinity);
    const to = back(axis(anchor) + (first + k + 1) * width);
    const middle = (from + to) / 2;
    return { from, to, count, part: first + k >= 0 ? "right" : middle < lower ? "left" : "bulk" };
  });
  return { bins, width, logarithmic, leftOut };
}
