// Band → bidiagonal by Householder reflections and bulge chasing (Lang, "Parallel reduction of banded matrices to
// bidiagonal form", Parallel Computing 22, 1996; Haidar, Ltaief, Luszczek, Dongarra, SC 2012), on the packed band that
// pack-band.wgsl made.
//
// Sweep i clears row i right of its superdiagonal. Its step t has the block of BAND rows and columns that begins at
// p = i + 1 + t·BAND. The right half makes a reflection of columns p … p+BAND−1 that clears row p − BAND (row i for t = 0)
// right of p and applies it to the rows down to p+BAND−1; the left half makes one of rows p … p+BAND−1 that clears column p
// below the diagonal and applies it to the columns up to p+2·BAND−1.
//
// The halves of sweep i are at times 2t + 3i and 2t + 3i + 1. So at any time a sweep does one half and the sweep before it
// the other, a step or two ahead, and what they touch meets in one entry: the first of what the one before clears, which its
// reflection makes β, is the last in the last row or column of the one behind. That one finds β for itself and writes it.
//
// A workgroup takes SWEEPS consecutive sweeps through HALVES times, in a window of the band that it copies to workgroup
// memory, and a team of 2·BAND invocations shares a half. Groups of sweeps that are at work in one dispatch are so far apart
// that their windows do not meet: each is SPACING ≥ HALVES + 3·SWEEPS + 2 times behind the one before.
//
// What is cleared is read by the whole team while one of it clears it. So the half before puts it down a second time, and
// one barrier a half is enough. Beyond the matrix there are zeros, and stay zeros.
//
// workgroup_id.x: the groups at work, the batch on workgroup_id.z. `unscaled-reflection.wgsl` comes before. BAND is 8 here:
// rows of the window are held in two vec4, because compilers leave arrays in memory.

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
// Entries of the window.
const SIZE = (HALVES + 3u * SWEEPS + 1u) / 2u * BAND * WIDTH;

var<workgroup> window: array<f32, SIZE>;
// Of each team, the row that its right half clears and the column that its left half does, in two vec4.
var<workgroup> rows: array<vec4<f32>, 2u * SWEEPS>;
var<workgroup> columns: array<vec4<f32>, 2u * SWEEPS>;

@compute @workgroup_size(TEAM, SWEEPS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let n = i32(round.columns);
  let number = round.first_group + group.x;
  let first_sweep = i32(SWEEPS * number);
  let time = i32(HALVES * round.number) - i32(SPACING * number);
  // Rows [top, bottom) of the band are in the window.
  let highest = first_sweep + i32(SWEEPS) + block_at(time - i32(3u * SWEEPS - 4u)) - i32(BAND);
  let top = max(highest, first_sweep);
  let bottom = min(n, first_sweep + 1 + block_at(time + i32(HALVES) + 1));
  let start = (group.z * round.columns + u32(top)) * (WIDTH / 4u);
  let quads = u32(max(0, bottom - top)) * (WIDTH / 4u);
  load_window(start, quads, thread);

  let member = local.x;
  let team = team_of(local.y);
  let before = max(team, 1u) - 1u;
  let sweep = first_sweep + i32(team);
  var half = time - i32(3u * team);
  var t = half >> 1u;
  var p = sweep + 1 + block_at(half);
  // Where row i begins right of its diagonal, this member's row in the right half, and its column in the left one.
  let first_row = u32(sweep - top) * WIDTH + BAND;
  var right = u32((p - top + i32(member) - i32(BAND)) * i32(WIDTH) + i32(2u * BAND - 1u - member));
  var left = u32((p - top) * i32(WIDTH) + i32(BAND - 1u + member));
  let own = 2u * team + (member & (BAND - 1u)) / 4u;
  workgroupBarrier();
  if member < BAND && t >= 0 && p + 1 < n {
    if (half & 1) == 0 {
      rows[own][member & 3u] = window[select(right - DOWN * member, first_row, t == 0) + member];
    } else {
      columns[own][member & 3u] = window[left - member + DOWN * member];
    }
  }
  for (var i = 0u; i < HALVES; i++) {
    // A block of one row and column has nothing to clear.
    let busy = t >= 0 && p + 1 < n;
    workgroupBarrier();
    if (half & 1) == 0 {
      // A member has a row. At first the last of those above p is row i, and the others have nothing right of p.
      let first = select(0u, BAND - 1u, t == 0);
      if busy && member >= first {
        let meets = Meeting(columns[2u * before], columns[2u * before + 1u],
                            member == TEAM - 1u && team > 0u && p + i32(BAND) < n,
                            team + 1u < SWEEPS && t >= 2);
        let edge = reflect(right, 1u, rows[2u * team], rows[2u * team + 1u], member == first, meets);
        if member >= BAND {
          columns[own][member & 3u] = edge;
        }
      }
    } else {
      // A member has a column.
      let follows = team > 0u && p + i32(TEAM) < n;
      if busy {
        let meets = Meeting(rows[2u * before], rows[2u * before + 1u], member == TEAM - 1u && follows,
                            team + 1u < SWEEPS && t >= 1);
        let edge = reflect(left, DOWN, columns[2u * team], columns[2u * team + 1u], member == 0u, meets);
        if member >= BAND {
          rows[own][member & 3u] = edge;
        }
      } else if t == -1 && member < BAND {
        // Row i is the first to be cleared, and meets what the sweep before clears in the same way.
        var entry = window[first_row + member];
        if member == BAND - 1u && follows {
          entry = reflection_of(rows[2u * before], rows[2u * before + 1u]).beta;
        }
        rows[own][member & 3u] = entry;
      }
      t++;
      p += i32(BAND);
      right += BAND * WIDTH;
      left += BAND * WIDTH;
    }
    half++;
  }
  workgroupBarrier();
  store_window(start, quads, thread);
}

// From the first block of a sweep to that of a half.
fn block_at(half: i32) -> i32 {
  return (half >> 1u) * i32(BAND);
}

// Teams of a subgroup of 32 are two sweeps apart: they do the same half, in different banks of workgroup memory.
fn team_of(y: u32) -> u32 {
  return select(y, (y & 0xfffffffcu) | ((y & 1u) << 1u) | ((y >> 1u) & 1u), (y | 3u) < SWEEPS);
}

// Where two sweeps meet: what the one before clears now; whether this row or column ends in its first entry; and whether
// the first entry that this team clears is left to the one behind.
struct Meeting {
  low: vec4<f32>,
  high: vec4<f32>,
  ends: bool,
  leaves: bool,
}

fn reflection_of(low: vec4<f32>, high: vec4<f32>) -> UnscaledReflection {
  let rest = vec4(0.0, low.yzw);
  let squares = rest * rest + high * high;
  return unscaled_reflection(low.x, (squares.x + squares.y) + (squares.z + squares.w));
}

// Applies to the entries at `own` (`step` apart) the reflection that clears `low` and `high` but for the first, or, if it is
// they that are `cleared`, clears them. Every member makes the reflection for itself, which is quicker than waiting for one.
// Returns the first entry.
fn reflect(own: u32, step: u32, low: vec4<f32>, high: vec4<f32>, cleared: bool, meets: Meeting) -> f32 {
  // One bounds check for all of them.
  let place = min(own, SIZE - 1u - (BAND - 1u) * step);
  // What is cleared need not be read, and its first entry may be another team's by now.
  var first = 0.0;
  if !cleared {
    first = window[place];
  }
  var y0 = vec4(first, window[place + step], window[place + 2u * step], window[place + 3u * step]);
  var y1 = vec4(window[place + 4u * step], window[place + 5u * step], window[place + 6u * step],
                window[place + 7u * step]);
  y1.w = select(y1.w, reflection_of(meets.low, meets.high).beta, meets.ends);
  let h = reflection_of(low, high);
  let u0 = vec4(h.first, low.yzw);
  let products = vec4(0.0, low.yzw) * y0 + high * y1;
  let change = h.gamma * fma(h.first, y0.x, (products.x + products.y) + (products.z + products.w));
  y0 = select(y0 - change * u0, vec4(h.beta, 0.0, 0.0, 0.0), cleared);
  y1 = select(y1 - change * high, vec4<f32>(), cleared);
  if !(cleared && meets.leaves) {
    window[place] = y0.x;
  }
  window[place + step] = y0.y;
  window[place + 2u * step] = y0.z;
  window[place + 3u * step] = y0.w;
  window[place + 4u * step] = y1.x;
  window[place + 5u * step] = y1.y;
  window[place + 6u * step] = y1.z;
  window[place + 7u * step] = y1.w;
  return y0.x;
}

// Rows of the band from `start` on, `quads` times four entries, eight loads on their way at a time.
fn load_window(start: u32, quads: u32, thread: u32) {
  for (var place = thread; place < quads; place += 8u * THREADS) {
    let last = quads - 1u;
    let a = band[start + place];
    let b = band[start + min(place + THREADS, last)];
    let c = band[start + min(place + 2u * THREADS, last)];
    let d = band[start + min(place + 3u * THREADS, last)];
    let e = band[start + min(place + 4u * THREADS, last)];
    let f = band[start + min(place + 5u * THREADS, last)];
    let g = band[start + min(place + 6u * THREADS, last)];
    let h = band[start + min(place + 7u * THREADS, last)];
    put(place, a, quads);
    put(place + THREADS, b, quads);
    put(place + 2u * THREADS, c, quads);
    put(place + 3u * THREADS, d, quads);
    put(place + 4u * THREADS, e, quads);
    put(place + 5u * THREADS, f, quads);
    put(place + 6u * THREADS, g, quads);
    put(place + 7u * THREADS, h, quads);
  }
}

fn store_window(start: u32, quads: u32, thread: u32) {
  for (var place = thread; place < quads; place += 8u * THREADS) {
    let a = quad(place);
    let b = quad(place + THREADS);
    let c = quad(place + 2u * THREADS);
    let d = quad(place + 3u * THREADS);
    let e = quad(place + 4u * THREADS);
    let f = quad(place + 5u * THREADS);
    let g = quad(place + 6u * THREADS);
    let h = quad(place + 7u * THREADS);
    let rest = quads - place;
    let to = start + place;
    band[to] = a;
    if rest > THREADS { band[to + THREADS] = b; }
    if rest > 2u * THREADS { band[to + 2u * THREADS] = c; }
    if rest > 3u * THREADS { band[to + 3u * THREADS] = d; }
    if rest > 4u * THREADS { band[to + 4u * THREADS] = e; }
    if rest > 5u * THREADS { band[to + 5u * THREADS] = f; }
    if rest > 6u * THREADS { band[to + 6u * THREADS] = g; }
    if rest > 7u * THREADS { band[to + 7u * THREADS] = h; }
  }
}

// Four entries of the window; neighbours begin at different ones, so that they meet different banks.
fn quad(place: u32) -> vec4<f32> {
  let at = 4u * min(place, SIZE / 4u - 1u);
  let turn = (place / 8u) & 3u;
  let turned = vec4(window[at + turn], window[at + ((turn + 1u) & 3u)], window[at + ((turn + 2u) & 3u)],
                    window[at + ((turn + 3u) & 3u)]);
  let half = select(turned, turned.wxyz, (turn & 1u) != 0u);
  return select(half, half.zwxy, (turn & 2u) != 0u);
}

fn put(place: u32, entries: vec4<f32>, quads: u32) {
  if place < quads {
    let at = 4u * min(place, SIZE / 4u - 1u);
    let turn = (place / 8u) & 3u;
    let half = select(entries, entries.yzwx, (turn & 1u) != 0u);
    let turned = select(half, half.zwxy, (turn & 2u) != 0u);
    window[at + turn] = turned.x;
    window[at + ((turn + 1u) & 3u)] = turned.y;
    window[at + ((turn + 2u) & 3u)] = turned.z;
    window[at + ((turn + 3u) & 3u)] = turned.w;
  }
}
