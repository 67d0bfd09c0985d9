/** Characters that reorder, hide or break a line of text; in a name from a file they are shown, not obeyed. */
const deceptive = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Untrusted text as it may be rendered: control, format and lone-surrogate characters become `⟨U+202E⟩`, length is bounded. */
export function visibleText(text: string, limit = 400): string {
  const bounded = text.length > limit ? `${text.slice(0, limit / 2)}…${text.slice(-limit / 2)}` : text;
  return bounded.replace(deceptive, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}
