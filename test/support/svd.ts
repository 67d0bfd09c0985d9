/**
 * Singular values in float64, for tests: Householder bidiagonalisation, then bisection on Sturm counts. Slow, but
 * backward stable (errors of a few 1e-16·s₁) and without a convergence criterion that could fail.
 */

/**
 * The min(rows, columns) singular values of `a` (row-major, `rows × columns`, left as it is), descending. Any finite
 * scale: the matrix is divided by its largest entry first.
 */
export function singularValues(a: Float64Array, rows: number, columns: number): Float64Array {
  const m = Math.min(rows, columns);
  const n = Math.max(rows, columns);
  if (a.length !== rows * columns) throw new RangeError(`${a.length} entries are not ${rows} × ${columns}`);
  let scale = 0;
  for (const value of a) scale = Math.max(scale, Math.abs(value));
  if (!Number.isFinite(scale)) throw new RangeError("an entry is not finite");
  if (m === 0 || scale === 0) return new Float64Array(m);
  // Rows of `wide` are the m short-side vectors, each of length n.
  const wide = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) wide[i * n + j] = (rows <= columns ? a[i * n + j]! : a[j * m + i]!) / scale;
  }
  const { diagonal, offDiagonal } = bidiagonalise(wide, m, n);
  return bidiagonalSingularValues(diagonal, offDiagonal).map((s) => s * scale);
}

/**
 * Golub–Kahan: reduces the `m × n` matrix (m ≤ n, row-major, overwritten) to a lower bidiagonal one by reflections from
 * right and left.
 */
function bidiagonalise(a: Float64Array, m: number, n: number): { diagonal: Float64Array; offDiagonal: Float64Array } {
  const diagonal = new Float64Array(m);
  const offDiagonal = new Float64Array(Math.max(0, m - 1));
  const sums = new Float64Array(n);
  for (let k = 0; k < m; k++) {
    // From the right: row k becomes (0 … 0, d, 0 … 0).
    const row = a.subarray(k * n + k, (k + 1) * n);
    const right = reflector(row);
    diagonal[k] = right.value;
    for (let i = k + 1; i < m && right.tau !== 0; i++) {
      const other = a.subarray(i * n + k, (i + 1) * n);
      let sum = 0;
      for (let j = 0; j < row.length; j++) sum += row[j]! * other[j]!;
      sum *= right.tau;
      for (let j = 0; j < row.length; j++) other[j]! -= sum * row[j]!;
    }
    if (k + 1 >= m) break;
    // From the left: column k below the diagonal becomes (e, 0 … 0).
    const column = Float64Array.from({ length: m - k - 1 }, (_, i) => a[(k + 1 + i) * n + k]!);
    const left = reflector(column);
    offDiagonal[k] = left.value;
    if (left.tau === 0) continue;
    sums.fill(0);
    for (let i = 0; i < column.length; i++) {
      const at = (k + 1 + i) * n;
      for (let j = k + 1; j < n; j++) sums[j]! += column[i]! * a[at + j]!;
    }
    for (let i = 0; i < column.length; i++) {
      const at = (k + 1 + i) * n;
      const factor = left.tau * column[i]!;
      for (let j = k + 1; j < n; j++) a[at + j]! -= factor * sums[j]!;
    }
  }
  return { diagonal, offDiagonal };
}

/** Overwrites x by v so that (I − τ v vᵀ) x = (value, 0 … 0). */
function reflector(x: Float64Array): { value: number; tau: number } {
  let tail = 0;
  for (let i = 1; i < x.length; i++) tail = Math.hypot(tail, x[i]!);
  const head = x[0]!;
  if (tail === 0) return { value: head, tau: 0 };
  const value = head > 0 ? -Math.hypot(head, tail) : Math.hypot(head, tail);
  // v = (1, x₁/(x₀ − value), …), τ = (value − x₀)/value.
  x[0] = 1;
  for (let i = 1; i < x.length; i++) x[i]! /= head - value;
  return { value, tau: (value - head) / value };
}

/**
 * The singular values of a bidiagonal matrix, descending, by bisection on the Golub–Kahan tridiagonal matrix: zero
 * diagonal, off-diagonal d₁, e₁, d₂, e₂, …, eigenvalues ±s. `offDiagonal` is one shorter than `diagonal`; whether it
 * stands above or below the diagonal does not matter.
 */
export function bidiagonalSingularValues(diagonal: Float64Array, offDiagonal: Float64Array): Float64Array {
  const m = diagonal.length;
  const squares = new Float64Array(2 * m - 1);
  let bound = 0;
  for (let i = 0; i < m; i++) {
    squares[2 * i] = diagonal[i]! ** 2;
    if (i + 1 < m) squares[2 * i + 1] = offDiagonal[i]! ** 2;
    const around = Math.abs(diagonal[i]!) + Math.abs(offDiagonal[i - 1] ?? 0) + Math.abs(offDiagonal[i] ?? 0);
    bound = Math.max(bound, around);
  }
  const values = new Float64Array(m);
  bisect(0, bound * (1 + 1e-15), 0, m);
  return values;

  /** Fills the places of the values in (low, high]: `above` are larger than high, `atLeast` are larger than low. */
  function bisect(low: number, high: number, above: number, atLeast: number): void {
    if (above === atLeast) return;
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high || high - low < 1e-17 * bound) {
      values.fill(middle, above, atLeast);
      return;
    }
    const beyond = countAbove(squares, middle);
    bisect(middle, high, above, Math.min(Math.max(beyond, above), atLeast));
    bisect(low, middle, Math.min(Math.max(beyond, above), atLeast), atLeast);
  }
}

/** The number of eigenvalues above x > 0 of the tridiagonal matrix with zero diagonal and these squared off-diagonals. */
function countAbove(squares: Float64Array, x: number): number {
  let pivot = -x;
  let count = 0;
  for (const square of squares) {
    if (pivot === 0) pivot = -Number.MIN_VALUE;
    pivot = -x - square / pivot;
    if (pivot > 0) count++;
  }
  return count;
}
