/** Where in a document of the package something is explained. */

/**
 * The fragment by which VS Code's Markdown preview knows the heading that follows an anchor: of the heading's text in lower
 * case, with hyphens for spaces and without punctuation. Null where there is no such anchor.
 * @param anchor as in `<a id="anchor"></a>`
 */
export function headingAfter(markdown: string, anchor: string): string | null {
  const lines = markdown.split("\n");
  const place = lines.findIndex((line) => line.includes(`<a id="${anchor}"></a>`));
  const heading = place < 0 ? undefined : lines.slice(place).find((line) => line.startsWith("#"));
  if (heading === undefined) return null;
  return heading
    .replace(/^#+\s*/, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

/** Whether something that came as a message or as an argument may be the name of an anchor. */
export function isAnchor(value: unknown): value is string {
  return typeof value === "string" && /^[a-z]\w{0,63}$/i.test(value);
}
