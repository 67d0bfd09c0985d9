import { normalCdf, normalSurvival } from "./normal.ts";

/**
 * The Tracy–Widom distribution TW₁ of the largest eigenvalue of real random matrices, as F(s) = Φ(g(s)) with a smooth g:
 * both tails keep their relative accuracy. On [−9, 13] g is the Chebyshev series below, fitted to 40 values of
 * F(s) = det(I − V) on L²(s, ∞), V(x, y) = ½ Ai((x + y)/2) (Ferrari and Spohn 2005; Gauss–Legendre quadrature as in
 * Bornemann 2010, 40 digits). Error of F below 1e-8; of a tail probability p, below 1e-6·p inside [−9, 13].
 */
const low = -9;
const high = 13;
const coefficients = [
  2.2107597593, 7.890990029, -1.2216069108, 0.26483018957, -0.0074545158121, -0.022322082495, 0.0057098026797,
  0.0026003233418, -0.0017158803576, -0.00020252201507, 0.00046594095889, -5.8554842766e-5, -0.00010767765839,
  3.7437228091e-5, 2.491826113e-5, -1.8578459333e-5, -1.7557165155e-6, 4.9126615974e-6, 2.5801523153e-7,
  -2.1754051887e-6, 8.2384313192e-7, 2.1268505608e-7, -1.1113306281e-7, -1.7637283572e-7, 1.6318464559e-7,
  -3.6961353794e-8, -7.8091631967e-9,
];

/** Mean and variance of TW₁. */
export const tracyWidomMean = -1.2065335746;
export const tracyWidomVariance = 1.6077810345;

/** P(TW₁ ≤ s). */
export function tracyWidomCdf(s: number): number {
  return s < low ? lowerTail(s) : s > high ? 1 - upperTail(s) : normalCdf(normalScore(s));
}

/** P(TW₁ > s), accurate far into the tail. */
export function tracyWidomSurvival(s: number): number {
  return s < low ? 1 - lowerTail(s) : s > high ? upperTail(s) : normalSurvival(normalScore(s));
}

/** The s with P(TW₁ ≤ s) = p, for p from 1e-15 to 1 − 1e-15. */
export function tracyWidomQuantile(p: number): number {
  let below = low;
  let above = high;
  for (let step = 0; step < 60; step++) {
    const middle = (below + above) / 2;
    const less = p < 0.5 ? tracyWidomCdf(middle) < p : tracyWidomSurvival(middle) > 1 - p;
    if (less) below = middle;
    else above = middle;
  }
  return (below + above) / 2;
}

/** g(s) with F(s) = Φ(g(s)), by Clenshaw's recurrence. */
function normalScore(s: number): number {
  const x = (2 * s - low - high) / (high - low);
  let next = 0;
  let afterNext = 0;
  for (let k = coefficients.length - 1; k >= 1; k--) {
    [next, afterNext] = [2 * x * next - afterNext + coefficients[k]!, next];
  }
  return x * next - afterNext + coefficients[0]! / 2;
}

/** 1 − F(s) ≈ ½∫ₛ^∞ Ai → e^(−⅔s^(3/2)) / (4√π s^(3/4)); relative error about 1/s^(3/2). */
function upperTail(s: number): number {
  return Math.exp((-2 / 3) * s ** 1.5) / (4 * Math.sqrt(Math.PI) * s ** 0.75);
}

/** F(s) → τ e^(−|s|³/24 − |s|^(3/2)/(3√2)) |s|^(−1/16), ln τ = ½ζ′(−1) − (11/48) ln 2 (Baik, Buckingham, DiFranco 2008). */
function lowerTail(s: number): number {
  const x = -s;
  const logConstant = -0.16542114370045092 / 2 - (11 / 48) * Math.LN2;
  return Math.exp(logConstant - x ** 3 / 24 - x ** 1.5 / (3 * Math.SQRT2)) / x ** (1 / 16);
}
