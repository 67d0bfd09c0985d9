import type { FileHandle } from "node:fs/promises";
import { t } from "../text/l10n.ts";

/** Bytes from a position on; fewer where the file ends before. */
export async function readRange(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/**
 * Bytes [begin, end) of a tensor's file.
 * @throws when the file ends before, in one sentence with the tensor's name.
 */
export async function readTensorBytes(file: FileHandle, name: string, begin: number, end: number): Promise<DataView> {
  const { buffer, byteOffset, length } = await readRange(file, begin, end - begin);
  if (length < end - begin) throw new Error(t("The file ends at byte {0}, before {1} does.", begin + length, name));
  return new DataView(buffer, byteOffset, length);
}
