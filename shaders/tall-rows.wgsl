// The rows of a block (see tall.wgsl) as tall-load.wgsl and tall-panel.wgsl, which come after, have them before them: a workgroup
// takes ROWS rows at a time, of which an invocation holds STEPS in registers, four columns of each. Once they are up to date
// they are summed up for the panel that comes next: the products of its columns with all columns of the block, over the rows
// below its first BAND, and these first rows themselves. What workgroups give is summed by those of the next dispatch.

@group(0) @binding(1) var<storage, read_write> block: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> sums: array<vec4<f32>>;

const QUADS = WIDTH / 4u;
const STRIPS = THREADS / QUADS;
const STEPS = ROWS / STRIPS;
const FOURS = STEPS / 4u;
// Four columns each of BAND rows.
const PANEL = BAND * QUADS;

// Rows strip, strip + STRIPS and so on.
alias Rows = array<vec4<f32>, STEPS>;

// BAND columns of the rows, two vec4 a row, in the first half; then the products of half of the strips.
var<workgroup> numbers: array<vec4<f32>, STRIPS / 2u * PANEL>;

const INDEX = vec4(0u, 1u, 2u, 3u);

// progress_of for kernels that have no workgroup memory left.
fn progress_in_numbers(matrix: u32, thread: u32) -> Progress {
  if thread == 0u {
    let progress = progresses[tall.turn * tall.count + matrix];
    numbers[0] = vec4(f32(progress.columns), f32(progress.half), 0.0, 0.0);
  }
  let progress = workgroupUniformLoad(&numbers[0]);
  return Progress(u32(progress.x), u32(progress.y));
}

// In vec4, where the sums of a chunk begin in a half of them; behind all chunks are the first rows.
fn sums_of(matrix: u32, half: u32, chunk: u32) -> u32 {
  return ((half * tall.count + matrix) * tall.room + chunk) * BAND * (tall.width / 4u);
}

// Columns `panel` and on of the rows go to `numbers` from `base` on. Beyond the block's last column comes its first.
fn share_panel(rows: ptr<function, Rows>, thread: u32, panel: u32, base: u32) {
  let column = 4u * (thread % QUADS) - panel;
  let k0 = column % WIDTH;
  let k1 = (column + 1u) % WIDTH;
  let k2 = (column + 2u) % WIDTH;
  let k3 = (column + 3u) % WIDTH;
  for (var i = 0u; i < STEPS; i++) {
    let place = base + 2u * (thread / QUADS + i * STRIPS);
    let own = (*rows)[i];
    if k0 < BAND { numbers[place + k0 / 4u][k0 % 4u] = own.x; }
    if k1 < BAND { numbers[place + k1 / 4u][k1 % 4u] = own.y; }
    if k2 < BAND { numbers[place + k2 / 4u][k2 % 4u] = own.z; }
    if k3 < BAND { numbers[place + k3 / 4u][k3 % 4u] = own.w; }
  }
}

// Where the first rows of the panel at `panel` are among these, the first of all, they go to `sums`, and zeros take their place
// and that of the rows above in `numbers`.
fn share_first_rows(rows: ptr<function, Rows>, thread: u32, panel: u32, matrix: u32, half: u32) {
  let quads = tall.width / 4u;
  let quad = thread % QUADS;
  let start = sums_of(matrix, half, tall.chunks) + quad;
  for (var i = 0u; i < STEPS; i++) {
    let row = thread / QUADS + i * STRIPS;
    if quad < quads && row - panel < BAND {
      sums[start + (row - panel) * quads] = (*rows)[i];
    }
    if quad < 2u && row < panel + BAND {
      numbers[2u * row + quad] = vec4<f32>();
    }
  }
}

// The products of BAND columns in `numbers` with all columns, over the rows: those of the panel's column thread / QUADS with
// the four columns of an invocation below PANEL.
fn multiply_rows(rows: ptr<function, Rows>, thread: u32) -> vec4<f32> {
  let strip = thread / QUADS;
  var p0 = vec4<f32>();
  var p1 = vec4<f32>();
  var p2 = vec4<f32>();
  var p3 = vec4<f32>();
  var p4 = vec4<f32>();
  var p5 = vec4<f32>();
  var p6 = vec4<f32>();
  var p7 = vec4<f32>();
  for (var i = 0u; i < FOURS; i++) {
    let place = 2u * (strip + 4u * i * STRIPS);
    let a = (*rows)[4u * i];
    let b = (*rows)[4u * i + 1u];
    let c = (*rows)[4u * i + 2u];
    let d = (*rows)[4u * i + 3u];
    let a0 = numbers[place];
    let a1 = numbers[place + 1u];
    let b0 = numbers[place + 2u * STRIPS];
    let b1 = numbers[place + 2u * STRIPS + 1u];
    let c0 = numbers[place + 4u * STRIPS];
    let c1 = numbers[place + 4u * STRIPS + 1u];
    let d0 = numbers[place + 6u * STRIPS];
    let d1 = numbers[place + 6u * STRIPS + 1u];
    p0 += (a0.x * a + b0.x * b) + (c0.x * c + d0.x * d);
    p1 += (a0.y * a + b0.y * b) + (c0.y * c + d0.y * d);
    p2 += (a0.z * a + b0.z * b) + (c0.z * c + d0.z * d);
    p3 += (a0.w * a + b0.w * b) + (c0.w * c + d0.w * d);
    p4 += (a1.x * a + b1.x * b) + (c1.x * c + d1.x * d);
    p5 += (a1.y * a + b1.y * b) + (c1.y * c + d1.y * d);
    p6 += (a1.z * a + b1.z * b) + (c1.z * c + d1.z * d);
    p7 += (a1.w * a + b1.w * b) + (c1.w * c + d1.w * d);
  }
  let own = strip % (STRIPS / 2u) * PANEL + thread % QUADS;
  let near = strip < STRIPS / 2u;
  workgroupBarrier();
  if !near {
    numbers[own] = p0;
    numbers[own + QUADS] = p1;
    numbers[own + 2u * QUADS] = p2;
    numbers[own + 3u * QUADS] = p3;
    numbers[own + 4u * QUADS] = p4;
    numbers[own + 5u * QUADS] = p5;
    numbers[own + 6u * QUADS] = p6;
    numbers[own + 7u * QUADS] = p7;
  }
  workgroupBarrier();
  if near {
    numbers[own] += p0;
    numbers[own + QUADS] += p1;
    numbers[own + 2u * QUADS] += p2;
    numbers[own + 3u * QUADS] += p3;
    numbers[own + 4u * QUADS] += p4;
    numbers[own + 5u * QUADS] += p5;
    numbers[own + 6u * QUADS] += p6;
    numbers[own + 7u * QUADS] += p7;
  }
  workgroupBarrier();
  var sum = vec4<f32>();
  if thread < PANEL {
    for (var other = 0u; other < STRIPS / 2u; other += 2u) {
      sum += numbers[other * PANEL + thread] + numbers[(other + 1u) * PANEL + thread];
    }
  }
  return sum;
}

// A sum over many tiles: what rounding loses of it goes with the next.
struct Sum {
  value: vec4<f32>,
  lost: vec4<f32>,
}

fn plus(sum: Sum, more: vec4<f32>) -> Sum {
  let change = more - sum.lost;
  let value = sum.value + change;
  return Sum(value, (value - sum.value) - change);
}

fn keep_sums(sum: Sum, thread: u32, matrix: u32, half: u32, chunk: u32) {
  let quads = tall.width / 4u;
  if thread < PANEL && thread % QUADS < quads {
    sums[sums_of(matrix, half, chunk) + thread / QUADS * quads + thread % QUADS] = sum.value;
  }
}
