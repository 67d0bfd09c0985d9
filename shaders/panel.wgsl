// What the kernels of the band reduction share: a panel of BAND columns (or rows) of A, taken apart into nodes of ROWS
// entries along its long side. Put in front of panel-leaf.wgsl and panel-apply-left.wgsl, after the constants
//   BAND   width of the band, a multiple of 4,
//   ROWS   entries of a node, a multiple of BAND.
//
// A panel is factored as a tree ("TSQR": Demmel, Grigori, Hoemmen, Langou, SIAM J. Sci. Comput. 34, 2012). At level 0 a
// node is ROWS consecutive rows; its factor R takes the node's first BAND rows. A node of the next level stacks the first
// BAND rows of ROWS/BAND nodes before, and so on until one is left. Each node's orthogonal factor is kept as
// Q = I − Y·T·Yᵀ (Schreiber and Van Loan's compact WY form) and applied to the rest of A by panel-apply-left.wgsl, level by
// level: nodes of one level are independent, so nothing has to be summed across workgroups, and nothing but Householder
// reflections is used.
//
// The same for rows (an LQ factorisation) with rows and columns of A exchanged: `side` 1.

struct Panel {
  // A is rows × columns, row-major; so many entries from one matrix of the batch to the next.
  rows: u32,
  columns: u32,
  matrix: u32,
  // 0: a panel of columns, applied from the left; 1: of rows, applied from the right.
  side: u32,
  // Where the panel begins along its long side and along its short one, and where it ends along the short one.
  first: u32,
  short_first: u32,
  short_end: u32,
  // Columns of A (side 1: rows) from here on are to be updated.
  rest: u32,
  // Level of the tree: distance in A between a node's groups of BAND rows (BAND at level 0).
  stride: u32,
  // Nodes of the level below (level 0: rows of the panel / BAND, rounded up), of all levels below, and of all levels.
  children: u32,
  nodes_before: u32,
  nodes: u32,
  // Levels above this one; which panel it is, of how many.
  above: u32,
  corner: u32,
  corners: u32,
}

var<immediate> panel: Panel;

// Entry `q` of a node → row of A (side 1: column), which may lie beyond the last.
fn long_index(node: u32, q: u32) -> u32 {
  return panel.first + (node * (ROWS / BAND) + q / BAND) * panel.stride + q % BAND;
}

// So many entries of a node exist, rounded up to a multiple of BAND.
fn node_length(node: u32) -> u32 {
  return min(ROWS, (panel.children - node * (ROWS / BAND)) * BAND);
}
