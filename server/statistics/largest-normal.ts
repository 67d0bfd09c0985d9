import { normalTwoSided } from "./normal.ts";

const end = 12;
const steps = 1200;

const remembered = new Map<number, number>();
const mostRemembered = 256;

/** E max |gᵢ| over n independent standard normal variables: ∫ 1 − P(|g| ≤ x)ⁿ dx from 0, by the trapezoidal rule. */
export function largestNormal(n: number): number {
  const known = remembered.get(n);
  if (known !== undefined) return known;
  const step = end / steps;
  // The integrand is 1 at 0 and vanishes at the end.
  let sum = 0.5;
  for (let i = 1; i < steps; i++) sum += -Math.expm1(n * Math.log1p(-normalTwoSided(i * step)));
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(n, sum * step);
  return sum * step;
}
