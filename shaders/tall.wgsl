// What the kernels of the QR factorisation of tall matrices share. A block of WIDTH columns at a time is factored, its
// reflections are put together as Q = I − V·T·Vᵀ (Schreiber and Van Loan's compact WY form), and the columns to the right
// become A − V·(Tᵀ·(VᵀA)), which is two large matrix products.
//
// Within a block, panels of BAND columns are factored one after the other, each as a tree of two levels ("TSQR": Demmel,
// Grigori, Hoemmen, Langou, SIAM J. Sci. Comput. 34, 2012):
//   tall-leaf.wgsl     leaves of LEAF rows by Householder reflections, a workgroup each, Qᵢ = I − Vᵢ·Tᵢ·Vᵢᵀ,
//   tall-root.wgsl     the stack of their triangles, and of the first BAND columns Q of the product of all of these the
//                      reflections that have the same first columns but for signs S: Q − [S; 0] = V·U, an LU
//                      factorisation that needs no pivots, of which V is unit lower trapezoidal ("Reconstructing Householder
//                      vectors from TSQR": Ballard, Demmel, Grigori, Jacquelin, Knight, Nguyen, J. Parallel Distrib.
//                      Comput. 85, 2015),
//   tall-vectors.wgsl  V, leaf by leaf, and Vᵀ times all columns of the block, those with the V before too,
//   tall-columns.wgsl  the update of the block's columns after the panel, and T for all of the block so far.
// T comes from T⁻¹ + T⁻ᵀ = VᵀV, so that Q is orthogonal whatever became of V by rounding. After the last panel
//   tall-products.wgsl VᵀA in parts, tall-weights.wgsl W = Tᵀ·(VᵀA), tall-update.wgsl A − V·W,
//   tall-load.wgsl     the next block, which is kept apart so that it lies side by side.
// Put in front of them, after the constants
//   BAND   width of a panel, 8: its rows are two vec4 (`row.wgsl`, which comes before too),
//   LEAF   rows of a leaf, a multiple of ROWS.
// They all have the same eight buffers, which each declares as far as it uses them, and the same immediate data, so that a
// dispatch takes the processor two calls.

struct Tall {
  // A is rows × columns, row-major; so many entries from one matrix of the batch to the next.
  rows: u32,
  columns: u32,
  matrix: u32,
  // Rows of the block, whole tiles; those beyond A are zero.
  height: u32,
  // Columns of the block: WIDTH, or all of a narrower A rounded up to panels; those beyond A are zero.
  width: u32,
  // Columns of the products and weights: those of A, rounded up to whole tiles.
  pitch: u32,
  // Where the block begins in A, down and across; where the panel begins in the block.
  first: u32,
  offset: u32,
  leaves: u32,
  // tall-vectors.wgsl takes so many times ROWS rows a workgroup, in so many workgroups.
  tiles: u32,
  chunks: u32,
  // The products of the block are sums of so many parts of so many rows.
  parts: u32,
  part: u32,
}

var<immediate> tall: Tall;

const WIDTH = 64u;
// Rows that a workgroup takes at once.
const ROWS = 256u;

// In vec4: where a row of the block begins, the first number of V of a row, and what a matrix has of T.
fn block_row(matrix: u32, row: u32) -> u32 {
  return (matrix * tall.height + row) * (tall.width / 4u);
}

fn panel_row(matrix: u32, row: u32) -> u32 {
  return block_row(matrix, row) + tall.offset / 4u;
}

// In vec4: row `r` of a leaf's BAND × BAND numbers, or of its part of the stack.
fn leaf_row(matrix: u32, leaf: u32, r: u32) -> u32 {
  return ((matrix * tall.leaves + leaf) * BAND + r) * 2u;
}

// In vec4, row `r` of T; rows WIDTH and on are the first rows of the panel's V.
fn triangle_row(matrix: u32, r: u32) -> u32 {
  return matrix * (WIDTH * WIDTH / 4u + 2u * BAND) + select(r * (WIDTH / 4u), WIDTH * WIDTH / 4u + (r - WIDTH) * 2u, r >= WIDTH);
}
