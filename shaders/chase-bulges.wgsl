// Band → bidiagonal by Householder reflections and bulge chasing (Lang, "Parallel reduction of banded matrices to
// bidiagonal form", Parallel Computing 22, 1996; Haidar, Ltaief, Luszczek, Dongarra, SC 2012), on the packed band that
// pack-band.wgsl made.
//
// Sweep i clears row i right of its superdiagonal. Its step t has the block of BAND rows and columns that begins at
// p = i + 1 + t·BAND. The right half makes a reflection of columns p … p+BAND−1 that clears row p − BAND (row i for t = 0)
// right of p and applies it to the rows down to p+BAND−1; the left half makes one of rows p … p+BAND−1 that clears column p
// below the diagonal and applies it to the columns up to p+2·BAND−1. Step t of sweep i + 1 may do its half once step t + 2
// of sweep i has done the same half, so wave w takes the steps with t + 2i = w, right halves first.
//
// A workgroup takes SWEEPS consecutive sweeps through WAVES waves, in a window of the band that it copies to workgroup
// memory, and 2·BAND invocations share a step. Groups of sweeps that are at work in one dispatch are so far apart that
// their windows do not meet: the next group does what this one did LAG dispatches ago, so that (LAG − 1)·WAVES ≥ 2·SWEEPS.
//
// workgroup_id.x: the groups at work, the batch on workgroup_id.z. `reflection.wgsl` comes before. BAND is 8 here: rows
// of the window are held in two vec4, because compilers leave arrays in memory.

struct Round {
  columns: u32,
  // Number of this dispatch, and the first group at work in it.
  number: u32,
  first_group: u32,
}

var<immediate> round: Round;
@group(0) @binding(0) var<storage, read_write> band: array<vec4<f32>>;

const WIDTH = 3u * BAND;
// From an entry to the one below it.
const DOWN = WIDTH - 1u;
const TEAM = 2u * BAND;
const THREADS = TEAM * SWEEPS;
const WINDOW = (WAVES + 2u * SWEEPS - 1u) * BAND;

var<workgroup> window: array<f32, WINDOW * WIDTH>;

@compute @workgroup_size(TEAM, SWEEPS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let n = round.columns;
  let number = round.first_group + group.x;
  let first_sweep = number * SWEEPS;
  let wave = i32(WAVES * (round.number - LAG * number));
  // Rows [top, bottom) of the band are in the window.
  let lowest = i32(first_sweep + SWEEPS) + (wave - i32(2u * SWEEPS - 1u)) * i32(BAND);
  let top = u32(max(lowest, i32(first_sweep)));
  let bottom = min(n, first_sweep + 1u + u32(wave + i32(WAVES)) * BAND);
  let start = (group.z * n + top) * (WIDTH / 4u);
  let size = select(0u, (bottom - top) * (WIDTH / 4u), bottom > top);
  // Four loads on their way at a time.
  for (var place = thread; place < size; place += 4u * THREADS) {
    let places = place + vec4(0u, THREADS, 2u * THREADS, 3u * THREADS);
    let origin = start + min(places, vec4(size - 1u));
    let a = band[origin.x];
    let b = band[origin.y];
    let c = band[origin.z];
    let d = band[origin.w];
    put(places.x, a, size);
    put(places.y, b, size);
    put(places.z, c, size);
    put(places.w, d, size);
  }

  let member = local.x;
  let sweep = first_sweep + local.y;
  for (var w = 0; w < i32(WAVES); w++) {
    let t = wave + w - 2 * i32(local.y);
    let p = u32(i32(sweep + 1u) + t * i32(BAND));
    // A block of one row and column has nothing to clear.
    let busy = t >= 0 && p + 1u < n;
    let length = min(BAND, n - p);
    // Right half: a member has a row, the first the one that is cleared.
    let source = select(p - BAND, sweep, t == 0);
    let row = source + member;
    let across = (source - top) * DOWN + p - top + BAND - 1u;
    reflect(busy && row < min(p + BAND, n), member == 0u, across, across + member * DOWN, 1u, length);
    // Left half: a member has a column.
    let down = (p - top) * DOWN + p - top + BAND - 1u;
    reflect(busy && p + member < n, member == 0u, down, down + member, DOWN, length);
  }
  workgroupBarrier();
  for (var place = thread; place < size; place += THREADS) {
    band[start + place] = fetch(4u * place, 1u);
  }
}

fn put(place: u32, entries: vec4<f32>, size: u32) {
  if place < size {
    window[4u * place] = entries.x;
    window[4u * place + 1u] = entries.y;
    window[4u * place + 2u] = entries.z;
    window[4u * place + 3u] = entries.w;
  }
}

// Applies to the `length` entries at `own` (`step` apart) the reflection that clears those at `source` but for the first,
// or, if `cleared`, clears them. Every member makes the reflection for itself, which is quicker than waiting for one.
fn reflect(takes: bool, cleared: bool, source: u32, own: u32, step: u32, length: u32) {
  workgroupBarrier();
  var x0 = vec4<f32>();
  var x1 = vec4<f32>();
  var y0 = vec4<f32>();
  var y1 = vec4<f32>();
  if takes {
    x0 = fetch(source, step);
    x1 = fetch(source + 4u * step, step);
    y0 = fetch(own, step);
    y1 = fetch(own + 4u * step, step);
    if length < BAND {
      // Beyond the matrix there is nothing.
      let here0 = vec4(0u, 1u, 2u, 3u) < vec4(length);
      let here1 = vec4(4u, 5u, 6u, 7u) < vec4(length);
      x0 = select(vec4<f32>(), x0, here0);
      x1 = select(vec4<f32>(), x1, here1);
    }
  }
  workgroupBarrier();
  if takes {
    let rest = vec4(0.0, x0.yzw);
    let squares = rest * rest + x1 * x1;
    let h = reflection(x0.x, (squares.x + squares.y) + (squares.z + squares.w));
    let v0 = vec4(1.0, h.inverse * x0.yzw);
    let v1 = h.inverse * x1;
    let products = v0 * y0 + v1 * y1;
    let change = h.tau * ((products.x + products.y) + (products.z + products.w));
    y0 = select(y0 - change * v0, vec4(h.beta, 0.0, 0.0, 0.0), cleared);
    y1 = select(y1 - change * v1, vec4<f32>(), cleared);
    window[own] = y0.x;
    window[own + step] = y0.y;
    if length == BAND {
      window[own + 2u * step] = y0.z;
      window[own + 3u * step] = y0.w;
      window[own + 4u * step] = y1.x;
      window[own + 5u * step] = y1.y;
      window[own + 6u * step] = y1.z;
      window[own + 7u * step] = y1.w;
    } else {
      if length > 2u { window[own + 2u * step] = y0.z; }
      if length > 3u { window[own + 3u * step] = y0.w; }
      if length > 4u { window[own + 4u * step] = y1.x; }
      if length > 5u { window[own + 5u * step] = y1.y; }
      if length > 6u { window[own + 6u * step] = y1.z; }
    }
  }
}

fn fetch(place: u32, step: u32) -> vec4<f32> {
  return vec4(window[place], window[place + step], window[place + 2u * step], window[place + 3u * step]);
}
