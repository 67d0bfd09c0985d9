import { endianness } from "node:os";

/** Numbers as Float32, little-endian, in base64: how many of them travel to the views. */
export function base64Floats(numbers: ArrayLike<number>): string {
  const bytes = Buffer.from(Float32Array.from(numbers).buffer);
  return (endianness() === "LE" ? bytes : bytes.swap32()).toString("base64");
}

/** Numbers as they travel in full: float64, little-endian. */
export function base64Doubles(numbers: Float64Array): string {
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return (endianness() === "LE" ? bytes : Buffer.from(bytes).swap64()).toString("base64");
}
