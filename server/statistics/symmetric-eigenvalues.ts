/**
 * The smallest and the largest eigenvalue of a small symmetric matrix, by Householder tridiagonalisation and bisection
 * on Sturm counts. Absolute error a few 1e-16 of the largest in absolute value.
 * @param a `size × size`; overwritten
 */
export function extremeEigenvalues(a: Float64Array, size: number): { smallest: number; largest: number } {
  const { diagonal, squares } = tridiagonalise(a, size);
  let radius = 0;
  for (let i = 0; i < size; i++) {
    const around = Math.sqrt(squares[i - 1] ?? 0) + Math.sqrt(squares[i] ?? 0);
    radius = Math.max(radius, Math.abs(diagonal[i]!) + around);
  }
  return {
    smallest: bisect((x) => countBelow(diagonal, squares, x) >= 1, radius),
    largest: bisect((x) => countBelow(diagonal, squares, x) >= size, radius),
  };
}

/** The least x in [−radius, radius] for which `reached` holds, to rounding. */
function bisect(reached: (x: number) => boolean, radius: number): number {
  let low = -radius;
  let high = radius;
  while (high - low > 2e-16 * radius) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (reached(middle)) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

function countBelow(diagonal: Float64Array, squares: Float64Array, x: number): number {
  let count = 0;
  let pivot = 1;
  for (let i = 0; i < diagonal.length; i++) {
    pivot = diagonal[i]! - x - (i === 0 ? 0 : squares[i - 1]! / pivot);
    if (pivot === 0) pivot = -Number.MIN_VALUE;
    if (pivot < 0) count++;
  }
  return count;
}

/** The diagonal and the squared off-diagonal of a similar tridiagonal matrix. */
function tridiagonalise(a: Float64Array, size: number): { diagonal: Float64Array; squares: Float64Array } {
  const diagonal = new Float64Array(size);
  const squares = new Float64Array(Math.max(0, size - 1));
  const v = new Float64Array(size);
  const p = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    diagonal[k] = a[k * size + k]!;
    if (k + 1 >= size) break;
    let norm = 0;
    for (let i = k + 1; i < size; i++) {
      v[i] = a[i * size + k]!;
      norm += v[i]! ** 2;
    }
    squares[k] = norm;
    // Householder's v for the column below the diagonal; H = I − 2 v vᵀ/vᵀv.
    v[k + 1]! += v[k + 1]! >= 0 ? Math.sqrt(norm) : -Math.sqrt(norm);
    let length = 0;
    for (let i = k + 1; i < size; i++) length += v[i]! ** 2;
    if (length === 0) continue;
    // A ← H A H = A − v wᵀ − w vᵀ with p = 2 A v/vᵀv and w = p − (vᵀp/vᵀv) v.
    let projection = 0;
    for (let i = k + 1; i < size; i++) {
      let sum = 0;
      for (let j = k + 1; j < size; j++) sum += a[i * size + j]! * v[j]!;
      p[i] = (2 * sum) / length;
      projection += v[i]! * p[i]!;
    }
    for (let i = k + 1; i < size; i++) p[i]! -= (projection / length) * v[i]!;
    for (let i = k + 1; i < size; i++) {
      for (let j = k + 1; j < size; j++) a[i * size + j]! -= v[i]! * p[j]! + p[i]! * v[j]!;
    }
  }
  return { diagonal, squares };
}
