import { bulkDistance, bulkDistanceQuantile } from "../statistics/bulk-distance.ts";
import { largestLaw, smallestLaw } from "../statistics/edges.ts";
import { tracyWidomQuantile } from "../statistics/tracy-widom.ts";
import { bulkSigma } from "./compute-metrics.ts";
import type { NonzeroPart } from "./nonzero-part.ts";
import { sides } from "./shape.ts";

/** How far a spectrum is from noise, in sizes rather than in p-values: those only say whether it is noise. */
export interface Closeness {
  /** Participation ratio over its noise value. */
  readonly participation: number;
  /** Share of ‖W‖²_F in singular values beyond the 99 % points of noise's largest and smallest value. */
  readonly energyBeyondEdges: number;
  /** m·D over its 99 % point under noise. */
  readonly bulk: number;
}

/** @param part of a matrix that has been tested: at least two rows and columns, positive σ. */
export function closenessToNoise({ singularValues, sigma, shape }: NonzeroPart): Closeness {
  const { m, n } = sides(shape);
  const { lower, upper } = noiseEdges(sigma, m, n);
  let energy = 0;
  let beyond = 0;
  let squares = 0;
  for (const value of singularValues) {
    const lambda = (value / sigma) ** 2;
    energy += lambda;
    squares += lambda * lambda;
    if (value > upper || value < lower) beyond += lambda;
  }
  // Σλ²/(Σλ)² of noise has the mean (m + n + 1)/(mn + 2), exactly so for Gaussian entries.
  const noiseParticipation = (m * n + 2) / (m + n + 1);
  return {
    participation: energy ** 2 / squares / noiseParticipation,
    energyBeyondEdges: beyond / energy,
    bulk: bulkDistance(singularValues, sigma, m, n) / bulkDistanceQuantile(0.01, m, n, "frobenius"),
  };
}

/** A bulk that noise would explain, and what stands outside of it. */
export interface Spikes {
  readonly above: number;
  readonly below: number;
  /** Share of ‖W‖²_F outside the bulk. */
  readonly energy: number;
  /** Whether what is left follows the Marchenko–Pastur law, m·D within its 99 % point. */
  readonly bulkFits: boolean;
}

/**
 * Splits a spectrum at the 99 % points of noise's largest and smallest value, σ from the median of what is left; each
 * spike takes one dimension of both sides with it. Repeated until the bulk no longer changes. Null where more than half
 * of the values stand outside: then there is no bulk to speak of.
 */
export function spikesOutsideBulk({ singularValues, shape, sigma: unit }: NonzeroPart): Spikes | null {
  const { m, n } = sides(shape);
  let above = 0;
  let below = 0;
  for (let round = 0; round < 10; round++) {
    const bulk = singularValues.subarray(above, m - below);
    const gone = above + below;
    const sigma = bulkSigma(bulk, n - gone, (m - gone) / (n - gone));
    const { lower, upper } = noiseEdges(sigma, m - gone, n - gone);
    const nextAbove = singularValues.filter((value) => value > upper).length;
    const nextBelow = singularValues.filter((value) => value < lower).length;
    if (!(sigma > 0) || nextAbove + nextBelow > m / 2) return null;
    if (nextAbove === above && nextBelow === below) {
      const distance = bulkDistance(bulk, sigma, m - gone, n - gone);
      return {
        above,
        below,
        energy: 1 - energyIn(bulk, unit) / energyIn(singularValues, unit),
        bulkFits: distance <= bulkDistanceQuantile(0.01, m - gone, n - gone, "median"),
      };
    }
    above = nextAbove;
    below = nextBelow;
  }
  return null;
}

/** The values that noise's largest singular value exceeds, and its smallest falls below, once in a hundred matrices. */
function noiseEdges(sigma: number, m: number, n: number): { lower: number; upper: number } {
  const once = tracyWidomQuantile(0.99);
  const { centre, scale } = largestLaw(m, n);
  const upper = sigma * Math.sqrt(centre + once * scale);
  if (m === n) return { lower: 0, upper };
  const smallest = smallestLaw(m, n);
  return { lower: sigma * Math.exp((smallest.logCentre - once * smallest.scale) / 2), upper };
}

/** Σ(s/unit)²: in a unit near the values it neither overflows nor vanishes. */
function energyIn(values: Float64Array, unit: number): number {
  let sum = 0;
  for (const value of values) sum += (value / unit) ** 2;
  return sum;
}
