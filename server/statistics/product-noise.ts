import { noiseSpectrum } from "./noise-spectrum.ts";

/** Points at which the density is summed. */
const gridPoints = 4000;

/**
 * The typical singular values, descending, of the product of an a × r and an r × b matrix of independent entries of
 * variance 1, r at most a and b. In the limit the eigenvalues of two such factors multiply freely: with y₁ = r/a and
 * y₂ = r/b, x = (1 + ψ)(1 + y₁ψ)(1 + y₂ψ)/ψ, and the density at x is |Im ψ|/(πx) (Voiculescu's S-transform). For thin
 * factors that is nearly the Marchenko–Pastur law of ratio y₁ + y₂, from whose typical spectrum the ends are taken.
 */
export function productNoiseSpectrum(rank: number, a: number, b: number): Float64Array {
  const unit = Math.sqrt(a) * Math.sqrt(b);
  const size = effectiveSide(rank, a, b);
  const [free, law] = [quantiles(rank, rank / a, rank / b), quantiles(rank, rank / size, 0)];
  return noiseSpectrum(rank, size).map((value, i) => (value / Math.sqrt(size)) * unit * (free[i]! / law[i]!));
}

/** The larger side n of a single r × n noise matrix whose squared values spread as those of the product: 1/n = 1/a + 1/b. */
export function effectiveSide(rank: number, a: number, b: number): number {
  return Math.max(rank, (a * b) / (a + b));
}

/** The square roots of the law's quantiles at (i − ½)/rank from the top, i = 1 … rank. */
function quantiles(rank: number, y1: number, y2: number): Float64Array {
  const top = (1 + Math.sqrt(y1)) * (1 + Math.sqrt(y2));
  // In s = √x, where the density of a square factor stays summable.
  const weights = Float64Array.from({ length: gridPoints }, (_, i) => {
    const s = (top * (i + 0.5)) / gridPoints;
    return imaginaryPart(s * s, y1, y2) / s;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const values = new Float64Array(rank);
  let above = 0;
  let i = 0;
  for (let k = gridPoints - 1; k >= 0 && i < rank; k--) {
    const share = weights[k]! / total;
    while (i < rank && above + share >= (i + 0.5) / rank) {
      const part = ((i + 0.5) / rank - above) / share;
      values[i++] = (top * (k + 1 - part)) / gridPoints;
    }
    above += share;
  }
  return values;
}

/** |Im ψ| of (1 + ψ)(1 + y₁ψ)(1 + y₂ψ) = xψ; 0 outside the support, where every solution is real. */
function imaginaryPart(x: number, y1: number, y2: number): number {
  const cubic = y1 * y2;
  const square = y1 + y2 + y1 * y2;
  const linear = 1 + y1 + y2 - x;
  if (cubic === 0) return Math.sqrt(Math.max(0, 4 * square - linear * linear)) / (2 * square);
  // ψ = t − square/(3 cubic): t³ + pt + q = 0, of which a pair is complex where the discriminant is positive (Cardano).
  const shift = square / (3 * cubic);
  const p = linear / cubic - 3 * shift * shift;
  const q = 2 * shift ** 3 - (shift * linear) / cubic + 1 / cubic;
  const discriminant = (q / 2) ** 2 + (p / 3) ** 3;
  if (discriminant <= 0) return 0;
  const root = Math.sqrt(discriminant);
  return (Math.sqrt(3) / 2) * Math.abs(Math.cbrt(-q / 2 + root) - Math.cbrt(-q / 2 - root));
}
