// Products of the entries of rows (`row.wgsl`, which comes before): sums of them are the rows' Gram matrix.

// What two columns of a row, or of some, have in common: each product once, 36 of them.
struct Products {
  // Column 0 with all, 1 to 4 with the last four.
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
  e: vec4<f32>,
  f: vec4<f32>,
  // 1·1, 1·2, 1·3, 2·2; 5·5, 5·6, 5·7, 6·6; 2·3, 3·3, 6·7, 7·7.
  g: vec4<f32>,
  h: vec4<f32>,
  i: vec4<f32>,
}

fn plus(own: Products, row: Row) -> Products {
  let x = row.low;
  let y = row.high;
  return Products(own.a + x.x * x, own.b + x.x * y, own.c + x.y * y, own.d + x.z * y, own.e + x.w * y, own.f + y.x * y,
                  own.g + x.yyyz * x.yzwz, own.h + y.yyyz * y.yzwz, own.i + vec4(x.zw, y.zw) * vec4(x.ww, y.ww));
}

// Which two columns product `k` is of.
fn place_of_product(k: u32) -> vec2<u32> {
  let vector = k / 4u;
  let i = k % 4u;
  if vector == 0u { return vec2(0u, i); }
  if vector < 6u { return vec2(vector - 1u, 4u + i); }
  if vector < 8u { return 4u * (vector - 6u) + vec2(1u + i / 3u, select(1u + i, 2u, i == 3u)); }
  return 4u * (i / 2u) + vec2(2u + i % 2u, 3u);
}
