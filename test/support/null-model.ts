/** Spectra of Gaussian matrices without the matrices: cheap draws for tests of size and of noise values. */
import { bidiagonalSingularValues } from "./svd.ts";
import { normal, uniform } from "./random.ts";

/**
 * Draws of the singular values of an m × n matrix (m ≤ n) of independent N(0, 1) entries, exactly distributed: those of
 * {@link chiBidiagonals}.
 */
export function gaussianSpectra(m: number, n: number, seed: number): () => Float64Array {
  const draw = chiBidiagonals(m, n, seed);
  return () => {
    const { diagonal, offDiagonal } = draw();
    return bidiagonalSingularValues(diagonal, offDiagonal);
  };
}

/**
 * Draws of a bidiagonal matrix with diagonal χ_n … χ_(n−m+1) and off-diagonal χ_(m−1) … χ_1, whose singular values have
 * the law of an m × n matrix (m ≤ n) of independent N(0, 1) entries (Silverstein 1985).
 */
export function chiBidiagonals(
  m: number,
  n: number,
  seed: number,
): () => { readonly diagonal: Float64Array; readonly offDiagonal: Float64Array } {
  const gaussian = normal(seed);
  const flat = uniform(seed + 1);
  const chi = (degrees: number): number => Math.sqrt(2 * gamma(degrees / 2, gaussian, flat));
  return () => ({
    diagonal: Float64Array.from({ length: m }, (_, i) => chi(n - i)),
    offDiagonal: Float64Array.from({ length: m - 1 }, (_, i) => chi(m - 1 - i)),
  });
}

/** A gamma variate (Marsaglia and Tsang 2000). */
function gamma(shape: number, gaussian: () => number, flat: () => number): number {
  if (shape < 1) return gamma(shape + 1, gaussian, flat) * (1 - flat()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = gaussian();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - flat()) < (x * x) / 2 + d * (1 - v + Math.log(v))) return d * v;
  }
}
