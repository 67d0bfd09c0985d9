/** Names of tensors may be megabytes long; a link that carries one is made up to here. */
export const longestLinkedName = 4096;

/**
 * The URI that runs a command with one argument. Everything in it is percent-encoded JSON, parentheses too: it may stand in
 * a Markdown link.
 */
export function commandUri(command: string, argument: unknown): string {
  const encoded = encodeURIComponent(JSON.stringify([argument]));
  return `command:${command}?${encoded.replaceAll("(", "%28").replaceAll(")", "%29")}`;
}
