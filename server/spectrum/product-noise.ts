/** What a product of two factors of noise would have for singular values. */
import { productNoiseSpectrum } from "../statistics/product-noise.ts";

/** left·right, `rows × rank` times `rank × columns`. */
export interface ProductShape {
  readonly rows: number;
  readonly columns: number;
  /** The shared side. */
  readonly rank: number;
}

/** Whether the shared side is the smallest: else nothing compares with the product. */
export function isThin({ rows, columns, rank }: ProductShape): boolean {
  return rank <= Math.min(rows, columns);
}

/** The typical singular values, descending, of a product of random factors that is as large; null where none compare. */
export function productNoiseValues(shape: ProductShape, frobeniusNorm: number | null): Float64Array | null {
  if (!isThin(shape) || frobeniusNorm === null) return null;
  const { rows, columns, rank } = shape;
  const spectrum = productNoiseSpectrum(rank, rows, columns);
  const own = spectrum[0]! * Math.sqrt(energy(spectrum, spectrum[0]!));
  return spectrum.map((value) => (value * frobeniusNorm) / own);
}

/** Σ(s/unit)². */
export function energy(values: Float64Array, unit: number): number {
  let sum = 0;
  for (const value of values) sum += (value / unit) ** 2;
  return sum;
}
