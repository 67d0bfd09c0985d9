import { largestNormal } from "../statistics/largest-normal.ts";

/** How far a unit vector is concentrated in few entries. */
export interface Localisation {
  /** max |vᵢ|; null without a vector. */
  readonly largest: number | null;
  /** Σ vᵢ⁴: 1 for a single entry, 1/n for n entries of one size. */
  readonly inverseParticipation: number | null;
}

/** The means over vectors of max |vᵢ| and Σ vᵢ⁴; NaN, for those of the null space, is left out. */
export function meanLocalisation(largest: ArrayLike<number>, inverseParticipation: ArrayLike<number>): Localisation {
  return { largest: mean(largest), inverseParticipation: mean(inverseParticipation) };
}

/**
 * What a random direction in n dimensions gives: E Σ vᵢ⁴ = 3/(n + 2), and, as the direction of a normal vector g does not
 * depend on its length, E max |vᵢ| = E max |gᵢ| / E ‖g‖.
 */
export function noiseLocalisation(n: number): Localisation {
  return { largest: largestNormal(n) / meanLength(n), inverseParticipation: 3 / (n + 2) };
}

/** E ‖g‖ₙ = √2 Γ((n + 1)/2)/Γ(n/2): its series from where that is exact, and E‖g‖ₙ = E‖g‖ₙ₊₂ · n/(n + 1). */
function meanLength(n: number): number {
  const start = n >= 64 ? n : 64 + (n % 2);
  let length = Math.sqrt(start) * (1 - 1 / (4 * start) + 1 / (32 * start ** 2) + 5 / (128 * start ** 3));
  for (let k = start - 2; k >= n; k -= 2) length *= k / (k + 1);
  return length;
}

function mean(values: ArrayLike<number>): number | null {
  const known = Array.from(values).filter((value) => !Number.isNaN(value));
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
