import type { RevealArguments } from "../../server/protocol.ts";

/** No tensor's name is longer; a link that says so is not ours. */
const longestName = 65_536;

/**
 * Reads what a link to a tensor carries. Links can be written by anybody, so it is taken for nothing but the name of a
 * local checkpoint and of a tensor, and which view of it; null for everything else.
 */
export function readRevealArguments(value: unknown): RevealArguments | null {
  if (typeof value !== "object" || value === null) return null;
  const { checkpoint, tensor, view } = value as Readonly<Record<string, unknown>>;
  if (typeof checkpoint !== "string" || typeof tensor !== "string") return null;
  if (tensor === "" || tensor.length > longestName || !isCheckpointUri(checkpoint)) return null;
  return { checkpoint, tensor, ...(view === "heads" ? { view } : {}) };
}

/** Whether a text is the URI of a file that may be a checkpoint, and nothing more. */
export function isCheckpointUri(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash } = new URL(text);
  return (
    protocol === "file:" && search === "" && hash === "" && /\.safetensors(\.index(\.[\w-]+)?\.json)?$/iu.test(pathname)
  );
}
