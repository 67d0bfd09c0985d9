import { density, valueAtAngle } from "../statistics/marchenko-pastur.ts";
import type { Metrics } from "./metrics.ts";
import { sides, type Shape } from "./shape.ts";

/** The Marchenko–Pastur curve that is laid over a histogram, and the axis that suits both. */

const points = 160;

/** Whether the axis is better logarithmic: when outliers would squeeze the bulk into a corner. */
export function prefersLogarithmic(largest: number | null, { upperEdge }: Pick<Metrics, "upperEdge">): boolean {
  return largest !== null && upperEdge !== null && upperEdge > 0 && largest > 8 * upperEdge;
}

/**
 * The expected count of a bin around each point; points are even in the law's angle, so that both edges come out round.
 *
 * @param count of the singular values
 * @param sigma of the bulk
 * @param width of a bin, in units of s, or of ln s where `logarithmic`
 */
export function bulkCurve(
  count: number,
  sigma: number,
  shape: Shape,
  { width, logarithmic }: { readonly width: number; readonly logarithmic: boolean },
): { readonly x: number; readonly y: number }[] {
  const { m, n } = sides(shape);
  const unit = sigma * Math.sqrt(n);
  if (!(unit > 0)) return [];
  return Array.from({ length: points + 1 }, (_, step) => {
    const t = valueAtAngle((Math.PI * step) / points, m / n);
    // Per unit of s: p(t)/unit; per unit of ln s: p(t)·t.
    return { x: t * unit, y: count * density(t, m / n) * (logarithmic ? t : 1 / unit) * width };
  }).filter(({ x }) => !logarithmic || x > 0);
}
