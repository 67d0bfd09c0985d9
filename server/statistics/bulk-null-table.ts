// Written by `npm run null-tables`. Do not edit.
import type { NullTable } from "./bulk-distance.ts";

/**
 * Quantiles of m·D for independent Gaussian entries at the upper tail probabilities 0.5, 0.1, 0.05, 0.01, 0.001, simulated with the
 * bidiagonal χ model, whose singular values have exactly the law of a Gaussian matrix's.
 */
export const bulkNullTable: NullTable = {
  frobenius: {
    square: [
      // 32 × 32, 80000 draws
      { m: 32, quantiles: [1.746, 2.171, 2.314, 2.604, 2.963] },
      // 64 × 64, 40000 draws
      { m: 64, quantiles: [2.019, 2.466, 2.616, 2.924, 3.301] },
      // 128 × 128, 20000 draws
      { m: 128, quantiles: [2.288, 2.755, 2.913, 3.221, 3.622] },
      // 256 × 256, 10000 draws
      { m: 256, quantiles: [2.576, 3.044, 3.203, 3.544, 3.959] },
      // 512 × 512, 5000 draws
      { m: 512, quantiles: [2.861, 3.337, 3.496, 3.846, 4.196] },
      // 1024 × 1024, 2500 draws
      { m: 1024, quantiles: [3.126, 3.613, 3.757, 4.186, 4.557] },
    ],
    wide: [
      // 2 × 16384, 200000 draws
      { m: 2, quantiles: [0.683, 0.902, 0.955, 1, 1] },
      // 4 × 8192, 200000 draws
      { m: 4, quantiles: [0.955, 1.21, 1.299, 1.473, 1.671] },
      // 8 × 4096, 150000 draws
      { m: 8, quantiles: [1.191, 1.522, 1.626, 1.825, 2.062] },
      // 16 × 2048, 100000 draws
      { m: 16, quantiles: [1.456, 1.821, 1.937, 2.168, 2.417] },
      // 32 × 1024, 80000 draws
      { m: 32, quantiles: [1.724, 2.113, 2.241, 2.493, 2.805] },
      // 64 × 2048, 40000 draws
      { m: 64, quantiles: [1.995, 2.404, 2.537, 2.808, 3.138] },
      // 128 × 4096, 20000 draws
      { m: 128, quantiles: [2.268, 2.694, 2.834, 3.126, 3.442] },
      // 512 × 2048, 5000 draws
      { m: 512, quantiles: [2.842, 3.294, 3.452, 3.77, 4.164] },
      // 1024 × 4096, 2500 draws
      { m: 1024, quantiles: [3.124, 3.607, 3.763, 4.126, 4.51] },
    ],
  },
  median: {
    square: [
      // 32 × 32, 80000 draws
      { m: 32, quantiles: [1.962, 2.651, 2.903, 3.436, 4.108] },
      // 64 × 64, 40000 draws
      { m: 64, quantiles: [2.276, 3.036, 3.312, 3.895, 4.596] },
      // 128 × 128, 20000 draws
      { m: 128, quantiles: [2.585, 3.364, 3.667, 4.292, 4.986] },
      // 256 × 256, 10000 draws
      { m: 256, quantiles: [2.905, 3.773, 4.097, 4.743, 5.366] },
      // 512 × 512, 5000 draws
      { m: 512, quantiles: [3.207, 4.132, 4.447, 5.089, 5.786] },
      // 1024 × 1024, 2500 draws
      { m: 1024, quantiles: [3.521, 4.533, 4.855, 5.558, 6.094] },
    ],
    wide: [
      // 2 × 16384, 200000 draws
      { m: 2, quantiles: [0.682, 0.9, 0.953, 1, 1] },
      // 4 × 8192, 200000 draws
      { m: 4, quantiles: [0.981, 1.226, 1.338, 1.534, 1.713] },
      // 8 × 4096, 150000 draws
      { m: 8, quantiles: [1.284, 1.719, 1.856, 2.109, 2.454] },
      // 16 × 2048, 100000 draws
      { m: 16, quantiles: [1.611, 2.107, 2.276, 2.604, 2.993] },
      // 32 × 1024, 80000 draws
      { m: 32, quantiles: [1.917, 2.472, 2.658, 3.023, 3.479] },
      // 64 × 2048, 40000 draws
      { m: 64, quantiles: [2.225, 2.825, 3.023, 3.427, 3.895] },
      // 128 × 4096, 20000 draws
      { m: 128, quantiles: [2.52, 3.166, 3.39, 3.818, 4.352] },
      // 512 × 2048, 5000 draws
      { m: 512, quantiles: [3.151, 3.893, 4.18, 4.707, 5.291] },
      // 1024 × 4096, 2500 draws
      { m: 1024, quantiles: [3.466, 4.272, 4.541, 5.091, 5.733] },
    ],
  },
};
