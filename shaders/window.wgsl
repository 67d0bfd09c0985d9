// Entries of the window of a quantised weight, row-major, as fp32. One invocation an entry. It comes after a kernel with
// `scheme`, whose first member is the window, and `entry`.

struct Run {
  first_entry: u32,
  entries: u32,
}

var<immediate> run: Run;
@group(0) @binding(2) var<storage, read_write> values: array<u32>;

override threads: u32 = 64;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let window = scheme.window;
  for (var index = id.x; index < run.entries; index += groups.x * threads) {
    let position = run.first_entry + index;
    let row = window.row + (position / window.columns) * window.row_step;
    values[index] = float_bits(entry(row, window.column + position % window.columns));
  }
}
