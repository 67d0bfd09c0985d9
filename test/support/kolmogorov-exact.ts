/**
 * The exact distribution of the Kolmogorov–Smirnov distance D of n independent draws, which the product's asymptotic
 * p-values are compared with: Marsaglia, Tsang and Wang, “Evaluating Kolmogorov's distribution”, 2003.
 */

/** P(D > d) for n draws. Digits are lost only where it is below about 1e-12. */
export function exactKolmogorovPValue(d: number, n: number): number {
  const k = Math.floor(n * d) + 1;
  const size = 2 * k - 1;
  const h = k - n * d;
  const factorials = [1];
  for (let i = 1; i <= size; i++) factorials.push(factorials[i - 1]! * i);
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size && j <= i + 1; j++) {
      let numerator = 1;
      if (j === 0) numerator -= h ** (i + 1);
      if (i === size - 1) numerator -= h ** (size - j);
      if (j === 0 && i === size - 1) numerator += Math.max(0, 2 * h - 1) ** size;
      matrix[i * size + j] = numerator / factorials[i - j + 1]!;
    }
  }
  // n!/nⁿ · (matrixⁿ)ₖₖ: one factor i/n each time the vector eₖ is multiplied keeps everything near 1.
  let row = new Float64Array(size);
  row[k - 1] = 1;
  for (let i = 1; i <= n; i++) {
    const next = new Float64Array(size);
    for (let a = 0; a < size; a++) {
      if (row[a] === 0) continue;
      for (let b = 0; b < size && b <= a + 1; b++) next[b]! += ((row[a]! * i) / n) * matrix[a * size + b]!;
    }
    row = next;
  }
  return Math.max(0, 1 - row[k - 1]!);
}

/** The x of which a decreasing function of [0, 10] takes a value. */
export function inverse(decreasing: (x: number) => number, value: number): number {
  let [low, high] = [0, 10];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (decreasing(middle) > value) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
