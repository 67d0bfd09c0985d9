// x·M⁻¹ for an upper triangular M of order BAND = 8 in workgroup memory. `row.wgsl` comes before.

// The rows of M, two vec4 each, with zeros on the diagonal, and the reciprocals of its diagonal.
var<workgroup> strict_rows: array<vec4<f32>, 16>;
var<workgroup> reciprocals: array<f32, 8>;

fn solve(x: Row) -> Row {
  var low = x.low;
  var high = x.high;
  low.x *= reciprocals[0];
  low -= low.x * strict_rows[0];
  high -= low.x * strict_rows[1];
  low.y *= reciprocals[1];
  low -= low.y * strict_rows[2];
  high -= low.y * strict_rows[3];
  low.z *= reciprocals[2];
  low -= low.z * strict_rows[4];
  high -= low.z * strict_rows[5];
  low.w *= reciprocals[3];
  high -= low.w * strict_rows[7];
  high.x *= reciprocals[4];
  high -= high.x * strict_rows[9];
  high.y *= reciprocals[5];
  high -= high.y * strict_rows[11];
  high.z *= reciprocals[6];
  high -= high.z * strict_rows[13];
  high.w *= reciprocals[7];
  return Row(low, high);
}
