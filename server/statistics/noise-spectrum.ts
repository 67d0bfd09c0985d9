import { largestLaw, smallestLaw } from "./edges.ts";
import { angleOfShare, valueAtAngle } from "./marchenko-pastur.ts";
import { tracyWidomMean } from "./tracy-widom.ts";

/**
 * The typical spectrum of an m × n matrix (m ≤ n) of independent entries of variance 1: where its singular values stand
 * on average, descending. Not just Marchenko–Pastur quantiles, which are off by about one value in m: the expected
 * number of values below the angle φ is mF(φ) + ¼ − φ/2π for real matrices (the mean correction of Bai and Silverstein
 * 2004), and both ends come from their own laws. Agrees with simulation to about 0.1 % from m = 16 on.
 */
export function noiseSpectrum(m: number, n: number): Float64Array {
  if (m === 1) return Float64Array.of(Math.sqrt(n - 0.5));
  const y = m / n;
  const values = new Float64Array(m);
  let phi = 0;
  for (let i = 1; i <= m; i++) {
    // The i-th smallest value stands where i − ½ values are expected below: a fixed point, since φ is part of the count.
    for (let step = 0, before = -1; step < 8 && Math.abs(phi - before) > 1e-9; step++) {
      before = phi;
      phi = angleOfShare((i - 0.75 + phi / (2 * Math.PI)) / m, y, phi > 0 ? phi : undefined);
    }
    values[m - i] = Math.sqrt(n) * valueAtAngle(phi, y);
  }
  values[0] = expectedLargest(m, n);
  values[m - 1] = typicalSmallest(m, n);
  return values;
}

function expectedLargest(m: number, n: number): number {
  const { centre, scale } = largestLaw(m, n);
  return Math.sqrt(centre + scale * tracyWidomMean);
}

/** The mean for m < n. The median for a square matrix, whose s₁/s_m has no mean: t²/2 + t = ln 2 (see edges.ts). */
function typicalSmallest(m: number, n: number): number {
  if (m === n) return (Math.sqrt(1 + 2 * Math.LN2) - 1) / Math.sqrt(n);
  const { logCentre, scale } = smallestLaw(m, n);
  return Math.exp((logCentre - scale * tracyWidomMean) / 2);
}
