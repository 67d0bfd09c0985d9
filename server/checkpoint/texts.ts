import { open } from "node:fs/promises";
import { groupBy } from "../collections/group-by.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** No text that describes a weight is longer. */
const longestText = 1 << 16;

/**
 * The text in small tensors of bytes, by name; zeros behind it are left out. What cannot be read, or is no UTF-8, is
 * missing.
 */
export async function readTexts(
  { files, tensors }: Checkpoint,
  isWanted: (name: string) => boolean,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const found = tensors.filter(({ name, begin, end }) => isWanted(name) && end - begin <= longestText);
  for (const [index, wanted] of groupBy(found, ({ file }) => file)) {
    const file = await open(files[index]!.path).catch(() => null);
    if (file === null) continue;
    try {
      for (const { name, begin, end } of wanted) {
        const bytes = new Uint8Array(end - begin);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, begin);
        if (bytesRead < bytes.length) continue;
        const length = bytes.findLastIndex((byte) => byte !== 0) + 1;
        try {
          texts.set(name, decoder.decode(bytes.subarray(0, length)));
        } catch {
          // No text.
        }
      }
    } catch {
      // A file that goes while it is read: what is missing is said of the weight.
    } finally {
      await file.close();
    }
  }
  return texts;
}
