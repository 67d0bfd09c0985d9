import { endianness } from "node:os";

/** Numbers as Float32, little-endian, in base64: how many of them travel to the views. */
export function base64Floats(numbers: ArrayLike<number>): string {
  const bytes = Buffer.from(Float32Array.from(numbers).buffer);
  return (endianness() === "LE" ? bytes : bytes.swap32()).toString("base64");
}
