import { incompleteGamma } from "./incomplete-gamma.ts";

/** P(X > x) for X ~ χ² with `degrees` degrees of freedom. Tens of thousands of degrees are no difficulty. */
export function chiSquareSurvival(x: number, degrees: number): number {
  return incompleteGamma(degrees / 2, x / 2).upper;
}

/** P(X ≤ x) for X ~ χ² with `degrees` degrees of freedom. */
export function chiSquareCdf(x: number, degrees: number): number {
  return incompleteGamma(degrees / 2, x / 2).lower;
}
