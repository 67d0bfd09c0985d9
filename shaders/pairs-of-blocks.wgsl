// The pairs that blocks of SIDE/2 rows make in a round of a round-robin tournament: the last block stays, the others go
// round. Put in front of the shaders of block-jacobi.ts.

fn block_of(round: u32, blocks: u32, pair: u32, second: bool) -> u32 {
  let others = blocks - 1u;
  if second {
    return (round + others - pair) % others;
  }
  return select((round + pair) % others, others, pair == 0u);
}

// Where local row `row` of a pair stands in the matrix.
fn row_of(round: u32, blocks: u32, pair: u32, row: u32) -> u32 {
  let half = SIDE / 2u;
  return block_of(round, blocks, pair, row >= half) * half + row % half;
}
