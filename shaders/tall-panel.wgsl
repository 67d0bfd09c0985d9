// The next columns of a block (see tall.wgsl), as many as one Gram matrix allows of BAND. With A the panel's first BAND rows, B
// the rows below, both of all columns of the block from the panel on, F = AᵀA + BᵀB is the same after any reflections, but for
// the rows that they complete. So Householder's algorithm (Golub and Van Loan, 5.1) runs on A, F and coefficients M alone, by
// which the rows below are B + B₈·M in the end, B₈ being the panel's columns. In step j
//   β = −sign(Aⱼⱼ)·√Fⱼⱼ, R[j,:] = F[j,:]/β, v = (1, A[j+1:,j]/(Aⱼⱼ − β)), below B₈·M[:,j]/(Aⱼⱼ − β),
//   A −= v·(A[j,:] − R[j,:]), M −= M[:,j]·(A[j,:] − R[j,:])/(Aⱼⱼ − β), F −= R[j,:]ᵀ·R[j,:].
// F loses digits as Cholesky's factorisation does where columns are nearly in the span of those before: the column's square Fⱼⱼ
// is then small against the terms of which B₈·M[:,j] consists. So the panel ends before such a column, and the next begins with
// it, by a Gram matrix of rows that are up to date: then its norm is a sum of squares again. One column at least is done each
// time, and of the whole matrix no value comes from a Gram matrix.
//
// Every workgroup takes `tiles` times ROWS rows of the block (workgroup_id.x), the last one R, VᵀV and the progress; the batch
// is on workgroup_id.z. All of them make the same M for themselves. tall-rows.wgsl comes before, and quads.wgsl and
// put-quads.wgsl or quads-aligned.wgsl and put-quads-aligned.wgsl.

@group(0) @binding(0) var<storage, read_write> x: Entries;
@group(0) @binding(2) var<storage, read_write> transposed: array<f32>;
@group(0) @binding(5) var<storage, read_write> squares: array<vec4<f32>>;

// A column's square is at least so much of the terms' that it comes from.
const LEAST_PART = 0.15;
// The largest entry is 1: what is smaller than 10⁻¹⁵ of it may be dropped, and squares of less are inexact in fp32.
const NEGLIGIBLE = 1e-30f;

// Where in `numbers` are: row j of A and of F in turns; column j of A and of M likewise; the diagonal of F at the beginning;
// BᵀB; A before; M and A in the end; a product, and how many columns are done.
const PIVOT = 0u;
const COLUMN = 4u * QUADS;
const DIAGONAL = COLUMN + 8u;
const GRAM = PANEL;
const BEFORE = 2u * PANEL;
const COEFFICIENTS = 4u * PANEL;
const AFTER = 5u * PANEL;
const PRODUCT = 6u * PANEL;
const DONE = 7u * PANEL;
// Where the sums of all teams but the first are.
const OTHERS = 3u * PANEL;
const TEAMS = THREADS / PANEL;
// V behind the panel's columns.
const VECTORS = 2u * ROWS;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let matrix = group.z;
  let progress = progress_in_numbers(matrix, thread);
  let limit = min(tall.first + WIDTH, tall.columns);
  let other_turn = (1u - tall.turn) * tall.count + matrix;
  let last = group.x == tall.chunks;
  if progress.columns < tall.first || progress.columns >= limit {
    if last && thread == 0u {
      progresses[other_turn] = progress;
    }
    return;
  }
  let panel = progress.columns - tall.first;
  let quads = tall.width / 4u;
  let quad = min(thread % QUADS, quads - 1u);
  let place = thread / QUADS * quads + quad;
  var rows: Rows;
  if !last {
    read_rows(&rows, matrix, group.x * tall.tiles, thread, quad);
  }
  let done = chain(matrix, progress.half, panel, limit - progress.columns, last, thread);
  let next = panel + done;
  if last {
    keep_triangle(matrix, panel, done, thread);
    keep_squares(matrix, panel, done, thread);
    if thread == 0u {
      progresses[other_turn] = Progress(tall.first + next, 1u - progress.half);
    }
    return;
  }
  let columns = 4u * (thread % QUADS) + INDEX;
  // The panel's columns are made anew.
  let keep = select(vec4(1.0), vec4<f32>(), columns - panel < vec4(BAND));
  let at = thread % QUADS;
  let m0 = numbers[COEFFICIENTS + at];
  let m1 = numbers[COEFFICIENTS + QUADS + at];
  let m2 = numbers[COEFFICIENTS + 2u * QUADS + at];
  let m3 = numbers[COEFFICIENTS + 3u * QUADS + at];
  let m4 = numbers[COEFFICIENTS + 4u * QUADS + at];
  let m5 = numbers[COEFFICIENTS + 5u * QUADS + at];
  let m6 = numbers[COEFFICIENTS + 6u * QUADS + at];
  let m7 = numbers[COEFFICIENTS + 7u * QUADS + at];
  var sum: Sum;
  for (var tile = group.x * tall.tiles; tile < (group.x + 1u) * tall.tiles; tile++) {
    let begin = tile * ROWS;
    if tall.first + begin >= tall.rows {
      break;
    }
    if tile > group.x * tall.tiles {
      read_rows(&rows, matrix, tile, thread, quad);
    }
    share_panel(&rows, thread, panel, 0u);
    workgroupBarrier();
    for (var i = 0u; i < STEPS; i++) {
      let slot = thread / QUADS + i * STRIPS;
      let p0 = numbers[2u * slot];
      let p1 = numbers[2u * slot + 1u];
      rows[i] = keep * rows[i] + (((p0.x * m0 + p0.y * m1) + (p0.z * m2 + p0.w * m3)) +
                                  ((p1.x * m4 + p1.y * m5) + (p1.z * m6 + p1.w * m7)));
    }
    if tile == 0u {
      replace_first_rows(&rows, panel, next, thread);
    }
    for (var i = 0u; i < STEPS; i++) {
      if thread % QUADS < quads {
        block[block_row(matrix, tall.first + begin + thread / QUADS + i * STRIPS) + quad] = rows[i];
      }
    }
    workgroupBarrier();
    share_panel(&rows, thread, next, 0u);
    share_panel(&rows, thread, panel, VECTORS);
    workgroupBarrier();
    if tile == 0u {
      share_first_rows(&rows, thread, next, matrix, 1u - progress.half);
    }
    if thread < ROWS && tall.first + WIDTH < tall.columns {
      keep_transposed(matrix, begin, panel, done, thread);
    }
    workgroupBarrier();
    sum = plus(sum, multiply_rows(&rows, thread));
    workgroupBarrier();
  }
  keep_sums(sum, thread, matrix, 1u - progress.half, group.x);
}

fn read_rows(rows: ptr<function, Rows>, matrix: u32, tile: u32, thread: u32, quad: u32) {
  let start = block_row(matrix, tall.first + tile * ROWS + thread / QUADS) + quad;
  for (var i = 0u; i < STEPS; i++) {
    (*rows)[i] = block[start + i * STRIPS * (tall.width / 4u)];
  }
}

// Makes the coefficients, and A after the panel: with V below the diagonal of the columns that are done and R elsewhere. Of
// the columns there are `most`. Sums of columns before the panel are added up where the `whole` is wanted. Returns how many are done.
fn chain(matrix: u32, half: u32, panel: u32, most: u32, whole: bool, thread: u32) -> u32 {
  let quads = tall.width / 4u;
  let at = thread % QUADS;
  let r = thread / QUADS % BAND;
  let slot = thread % PANEL;
  let own = r * quads + min(at, quads - 1u);
  // The invocations are TEAMS, which take a chunk each in turns. Eight numbers are on their way at a time; beyond the last chunk
  // comes the last again, and is dropped. Columns before the panel are wanted for VᵀV only.
  let start = sums_of(matrix, half, 0u) + own;
  let step = BAND * quads;
  let end = tall.chunks - 1u;
  var a = sums[start + tall.chunks * step];
  var f = vec4<f32>();
  let wanted = select(0u, tall.chunks, whole || 4u * at + 3u >= panel);
  for (var chunk = thread / PANEL; chunk < wanted; chunk += 8u * TEAMS) {
    let near = chunk + TEAMS * vec4(0u, 1u, 2u, 3u);
    let far = near + 4u * TEAMS;
    let near_places = start + step * min(near, vec4(end));
    let far_places = start + step * min(far, vec4(end));
    let n = select(vec4(0.0), vec4(1.0), near <= vec4(end));
    let m = select(vec4(0.0), vec4(1.0), far <= vec4(end));
    f += ((n.x * sums[near_places.x] + n.y * sums[near_places.y]) + (n.z * sums[near_places.z] + n.w * sums[near_places.w])) +
         ((m.x * sums[far_places.x] + m.y * sums[far_places.y]) + (m.z * sums[far_places.z] + m.w * sums[far_places.w]));
  }
  let busy = thread < PANEL;
  if busy {
    numbers[BEFORE + slot] = a;
  } else {
    numbers[OTHERS + thread] = f;
  }
  workgroupBarrier();
  let columns = 4u * at + INDEX;
  let own_column = min(panel + r, WIDTH - 1u);
  let own_quad = own_column / 4u;
  let own_lane = own_column % 4u;
  var m = select(vec4<f32>(), vec4(1.0), (columns == vec4(panel + r)) & vec4(r < most));
  if busy {
    for (var team = 1u; team < TEAMS; team++) {
      f += numbers[OTHERS + team * PANEL + slot];
    }
    numbers[GRAM + slot] = f;
    for (var i = 0u; i < BAND; i++) {
      let row = BEFORE + i * QUADS;
      f += numbers[row + own_quad][own_lane] * numbers[row + at];
    }
    if at == own_quad {
      numbers[DIAGONAL + r / 4u][r % 4u] = f[own_lane];
    }
  }
  var done = 0u;
  var going = true;
  for (var j = 0u; j < BAND; j++) {
    let column = min(panel + j, WIDTH - 1u);
    let quad = column / 4u;
    let lane = column % 4u;
    let pivot_a = PIVOT + (j & 1u) * 2u * QUADS;
    let pivot_f = pivot_a + QUADS;
    let column_a = COLUMN + (j & 1u) * 4u;
    let column_m = column_a + 2u;
    if busy {
      if r == j {
        numbers[pivot_a + at] = a;
        numbers[pivot_f + at] = f;
      }
      if at == quad {
        numbers[column_a + r / 4u][r % 4u] = a[lane];
        numbers[column_m + r / 4u][r % 4u] = m[lane];
      }
    }
    workgroupBarrier();
    if busy {
      let alpha = numbers[pivot_a + quad][lane];
      let square = numbers[pivot_f + quad][lane];
      let low = numbers[column_m];
      let high = numbers[column_m + 1u];
      let terms = dot(low * low, numbers[DIAGONAL]) + dot(high * high, numbers[DIAGONAL + 1u]);
      let none = numbers[DIAGONAL + j / 4u][j % 4u] <= NEGLIGIBLE;
      going = going && j < most && (j == 0u || none || square >= LEAST_PART * terms);
      if going {
        done = j + 1u;
        let before = numbers[pivot_a + at];
        var length = sqrt(square);
        if FUSED {
          length = fma(fma(-length, length, square), 0.5 / length, length);
        }
        // A column of zeros takes the reflection e_j, a mere change of sign.
        let beta = select(select(length, -length, alpha > 0.0), -alpha, none);
        let inverse = select(1.0 / (alpha - beta), 0.0, none);
        let scale = 1.0 / beta;
        let after = select(numbers[pivot_f + at] * scale, -before, none);
        let crosswise = select(numbers[pivot_f + own_quad][own_lane] * scale, -numbers[pivot_a + own_quad][own_lane], none);
        let change = select(vec4<f32>(), before - after, columns > vec4(column));
        let v = select(select(0.0, 1.0, r == j), inverse * numbers[column_a + r / 4u][r % 4u], r > j);
        let coefficient = inverse * numbers[column_m + r / 4u][r % 4u];
        let here = columns == vec4(column);
        a = select(a - v * change, vec4(select(v, beta, r == j)), here & vec4(r >= j));
        m = select(m - coefficient * change, vec4(coefficient), here);
        f -= crosswise * after;
      }
    }
  }
  if busy {
    numbers[COEFFICIENTS + slot] = m;
    numbers[AFTER + slot] = a;
  }
  if thread == 0u {
    numbers[DONE].x = f32(done);
  }
  workgroupBarrier();
  return u32(numbers[DONE].x);
}

// Row `r` of V among the panel's first, for an invocation's columns; with `others` in those that are not done.
fn vector_row(r: u32, panel: u32, done: u32, at: u32, others: vec4<f32>) -> vec4<f32> {
  let own = numbers[AFTER + r * QUADS + at];
  let k = 4u * at + INDEX - panel;
  // Columns before the panel have k beyond all.
  let v = select(select(own, vec4(1.0), k == vec4(r)), vec4<f32>(), (k > vec4(r)) & (k < vec4(done)));
  return select(v, others, (k >= vec4(done)) & (k < vec4(WIDTH)));
}

// The first rows hold V where columns are done, zeros right of it in the rows that are, which are R's, and what A has become
// elsewhere.
fn replace_first_rows(rows: ptr<function, Rows>, panel: u32, next: u32, thread: u32) {
  let at = thread % QUADS;
  for (var i = 0u; i < STEPS; i++) {
    let r = thread / QUADS + i * STRIPS - panel;
    if r < BAND {
      let own = numbers[AFTER + r * QUADS + at];
      (*rows)[i] = vector_row(r, panel, next - panel, at, select(own, vec4<f32>(), panel + r < next));
    }
  }
}

// For tall-update.wgsl, which only a block with columns to its right needs: the columns of V that are done, of a row each.
fn keep_transposed(matrix: u32, begin: u32, panel: u32, done: u32, thread: u32) {
  let place = (matrix * WIDTH + panel) * tall.height + tall.first + begin + thread;
  let low = numbers[VECTORS + 2u * thread];
  let high = numbers[VECTORS + 2u * thread + 1u];
  transposed[place] = low.x;
  if done > 1u { transposed[place + tall.height] = low.y; }
  if done > 2u { transposed[place + 2u * tall.height] = low.z; }
  if done > 3u { transposed[place + 3u * tall.height] = low.w; }
  if done > 4u { transposed[place + 4u * tall.height] = high.x; }
  if done > 5u { transposed[place + 5u * tall.height] = high.y; }
  if done > 6u { transposed[place + 6u * tall.height] = high.z; }
  if done > 7u { transposed[place + 7u * tall.height] = high.w; }
}

// The rows of R that are done, with zeros left of the diagonal.
fn keep_triangle(matrix: u32, panel: u32, done: u32, thread: u32) {
  let r = thread / QUADS;
  let at = thread % QUADS;
  if r < done && at < tall.width / 4u && 4u * at + 3u >= panel + r {
    let own = numbers[AFTER + r * QUADS + at];
    let entries = select(vec4<f32>(), own, 4u * at + INDEX >= vec4(panel + r));
    let row = matrix * tall.matrix + (tall.first + panel + r) * tall.columns;
    put_quad(row, tall.first + 4u * at, tall.columns, entries);
  }
}

// The rows of VᵀV for the columns that are done, up to the diagonal: the first rows' part, and the others' by BᵀB and M.
fn keep_squares(matrix: u32, panel: u32, done: u32, thread: u32) {
  let k = thread / QUADS;
  let at = thread % QUADS;
  let columns = 4u * at + INDEX;
  if thread < PANEL {
    // Row k of B₈ᵀV.
    var sum = vec4<f32>();
    for (var i = 0u; i < BAND; i++) {
      let column = min(panel + i, WIDTH - 1u);
      sum += numbers[GRAM + k * QUADS + column / 4u][column % 4u] * numbers[COEFFICIENTS + i * QUADS + at];
    }
    numbers[PRODUCT + thread] = select(numbers[GRAM + thread], sum, columns >= vec4(panel));
  }
  workgroupBarrier();
  if k < done {
    let column = panel + k;
    var sum = vec4<f32>();
    for (var i = 0u; i < BAND; i++) {
      let v = vector_row(i, panel, done, column / 4u, vec4<f32>())[column % 4u];
      let m = numbers[COEFFICIENTS + i * QUADS + column / 4u][column % 4u];
      sum += v * vector_row(i, panel, done, at, vec4<f32>()) + m * numbers[PRODUCT + i * QUADS + at];
    }
    squares[square_row(matrix, column) + at] = sum;
  }
}
