// BAND = 8 numbers: a row of a panel, or what belongs to each of its columns.

struct Row {
  low: vec4<f32>,
  high: vec4<f32>,
}

fn entry(row: Row, c: u32) -> f32 {
  return select(row.low[c & 3u], row.high[c & 3u], c >= 4u);
}
