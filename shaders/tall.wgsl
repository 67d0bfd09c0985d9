// What the kernels of the QR factorisation of tall matrices share. A block of WIDTH columns at a time is factored, its
// reflections are put together as Q = I − V·T·Vᵀ (Schreiber and Van Loan's compact WY form), and the columns to the right
// become A − V·(Tᵀ·(VᵀA)), which is two large matrix products:
//   tall-load.wgsl      the block, which is kept apart so that it lies side by side,
//   tall-panel.wgsl     the next columns of the block, up to BAND of them a dispatch, until none is left,
//   tall-products.wgsl  VᵀA in parts, tall-weights.wgsl W = Tᵀ·(VᵀA), tall-update.wgsl A − V·W.
// T is that of T⁻¹ + T⁻ᵀ = VᵀV, so that Q is orthogonal whatever became of V by rounding.
//
// How many columns a dispatch of tall-panel.wgsl completes depends on the matrix, so that each has its progress on the GPU. A
// kernel that comes too early or too late does nothing. Put in front of them is, after the constants,
//   BAND     columns of a panel, 8: its rows are two vec4,
//   ROWS     rows that a workgroup takes at once, 128 or 256,
//   THREADS  its invocations, 256 or 512, where it takes rows.
// They all have the same eight buffers, which each declares as far as it uses them, and the same immediate data, so that a
// dispatch takes the processor two calls.

struct Tall {
  // A is rows × columns, row-major; so many entries from one matrix of the batch to the next.
  rows: u32,
  columns: u32,
  matrix: u32,
  // Matrices of the batch.
  count: u32,
  // Rows of the block, so many that whole tiles of ROWS fit, wherever it begins; those beyond A are zero.
  height: u32,
  // Columns of the block: WIDTH, or all of a narrower A rounded up to panels; those beyond A are zero.
  width: u32,
  // Columns of the products and weights: those of A, and room for whole tiles from any block on.
  pitch: u32,
  // Where the block begins in A, down and across.
  first: u32,
  // Which half of `progresses` holds what has been done, 0 or 1.
  turn: u32,
  // A workgroup of tall-load.wgsl and tall-panel.wgsl takes so many times ROWS rows, of so many workgroups.
  tiles: u32,
  chunks: u32,
  // So many parts a matrix has room for, whichever the block: one may wait in a block while others go on.
  room: u32,
  // The products of the block are sums of so many parts of so many rows.
  parts: u32,
  part: u32,
}

struct Progress {
  // Columns of A that are done.
  columns: u32,
  // Which half of the panels' products belongs to the panel that comes next, 0 or 1.
  half: u32,
}

var<immediate> tall: Tall;
@group(0) @binding(4) var<storage, read_write> progresses: array<Progress>;

const WIDTH = 64u;

var<workgroup> shared_progress: Progress;

// How far a matrix is: the same for all invocations, so that they may return by it.
fn progress_of(matrix: u32, thread: u32) -> Progress {
  if thread == 0u {
    shared_progress = progresses[tall.turn * tall.count + matrix];
  }
  return workgroupUniformLoad(&shared_progress);
}

// In vec4: where a row of the block begins, and row `r` of VᵀV of a matrix.
fn block_row(matrix: u32, row: u32) -> u32 {
  return (matrix * tall.height + row) * (tall.width / 4u);
}

fn square_row(matrix: u32, r: u32) -> u32 {
  return (matrix * WIDTH + r) * (WIDTH / 4u);
}
