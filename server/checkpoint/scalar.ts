import { open } from "node:fs/promises";
import type { Tensor } from "./checkpoint.ts";
import { isFloatDtype, readFloat } from "./encode.ts";

/** The one number in a tensor without dimensions, or of one entry; null if it holds no floating-point number. */
export async function readScalar(path: string, { dtype, begin, end, shape }: Tensor): Promise<number | null> {
  if (!isFloatDtype(dtype) || shape.some((side) => side !== 1)) return null;
  const bytes = new Uint8Array(end - begin);
  const file = await open(path);
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, begin);
    return bytesRead < bytes.length ? null : readFloat(new DataView(bytes.buffer), dtype);
  } finally {
    await file.close();
  }
}
