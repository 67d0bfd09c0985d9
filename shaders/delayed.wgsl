// What the kernels of the reduction to a band share. Panels of BAND columns and panels of BAND rows are factored in turn
// (Grösser and Lang, Parallel Computing 25, 1999), and as in LAPACK's xLABRD, with panels in the place of vectors, the
// matrix itself is left as it is for DEPTH / BAND panels of each kind. What it would be by then is
//   A − V·Yᵀ − X·Uᵀ,
// where a panel of columns adds BAND columns to V (its reflections, Q = I − V·T·Vᵀ) and Y = (that matrix)ᵀ·V·T, one of rows
// to U and X = (that matrix)·U·T. So a panel costs one pass that reads A, and only every DEPTH / BAND panels is A brought
// up to date, by a product of rank 2·DEPTH. Three kernels in turn make half a step:
//   delayed-panel.wgsl     factors a panel,
//   delayed-*-products     multiply Aᵀ by V or A by U, and the factors too,
//   delayed-factors.wgsl   makes Y or X of that, and the next panel of the other kind,
// and delayed-update.wgsl brings A up to date. Put in front of them, after the constants
//   BAND    width of the band, 8: rows of a panel are two vec4,
//   DEPTH   columns of V at most, a multiple of BAND.
// They all have the same seven buffers, which each declares as far as it uses them, and the same immediate data, so that a
// dispatch takes the processor two calls.

struct Delayed {
  // A is rows × columns, row-major; so many entries from one matrix of the batch to the next.
  rows: u32,
  columns: u32,
  matrix: u32,
  // Entries from a column of V, X, Y, U to the next, and rows of a panel.
  pitch: u32,
  // 0: a panel of columns, which goes along the rows; 1: a panel of rows, which goes along the columns.
  side: u32,
  // Where the panel begins.
  first: u32,
  // Columns of Y (side 1: rows of X) from here on are wanted.
  rest: u32,
  // The first row (side 1: column) of the panel to come.
  next: u32,
  // Columns of V and Y that are complete, and of X and U.
  left: u32,
  right: u32,
  // Which column of V (side 1: U) the panel's first is.
  fresh: u32,
  // The products are sums over so many parts of so many entries.
  parts: u32,
  part: u32,
  // Where the panel's triangle goes, of how many.
  corner: u32,
  corners: u32,
  // 1: there was no panel yet; only make the next.
  begin: u32,
}

var<immediate> delayed: Delayed;

// V, X, Y, U: four times DEPTH columns.
const V = 0u;
const X = 1u;
const Y = 2u;
const U = 3u;

// Where column `c` of a factor begins.
fn factor_column(matrix: u32, factor: u32, c: u32) -> u32 {
  return ((matrix * 4u + factor) * DEPTH + c) * delayed.pitch;
}

// Column `e` of V and X, or of Y and U, one after the other as far as they are complete.
fn joint_column(matrix: u32, factor: u32, e: u32) -> u32 {
  let second = e >= delayed.left;
  return factor_column(matrix, factor + u32(second), select(e, e - delayed.left, second));
}

// Numbers of a matrix in `products`: for each part, BAND for each row of a panel and then for each joint column.
fn products_size() -> u32 {
  return (delayed.pitch + 2u * DEPTH) * BAND;
}

// What the panel to come is handed over in: its rows, BAND numbers each, then the products of their entries
// (row-products.wgsl), summed over COMING_ROWS rows at a time.
const COMING_ROWS = 32u;

fn coming_size() -> u32 {
  return delayed.pitch * BAND + delayed.pitch / COMING_ROWS * 36u;
}

fn coming_row(matrix: u32, row: u32) -> u32 {
  return matrix * coming_size() + row * BAND;
}

fn coming_products(matrix: u32, part: u32) -> u32 {
  return matrix * coming_size() + delayed.pitch * BAND + part * 36u;
}
