const longest = 100;

/** A name for a file made of any text, such as a tensor's name: on one level, harmless on every system, never empty. */
export function fileNameOf(text: string): string {
  const name = text
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+|[.-]+$/gu, "")
    .slice(0, longest);
  return name === "" ? "spectrum" : name;
}
