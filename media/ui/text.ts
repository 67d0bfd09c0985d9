import { t } from "../../server/text/l10n.ts";

/** Characters that reorder, hide or break a line of text; in a name from a file they are shown, not obeyed. */
const deceptive = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Untrusted text as it may be rendered: control, format and lone-surrogate characters become `⟨U+202E⟩`, length is bounded. */
export function visibleText(text: string, limit = 400): string {
  const bounded = text.length > limit ? `${text.slice(0, limit / 2)}…${text.slice(-limit / 2)}` : text;
  return bounded.replace(deceptive, codePoint);
}

/** A character as its code point, `⟨U+202E⟩`. */
function codePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** As {@link visibleText}, for a name that has to be seen to be chosen: one that is empty, or all blank, says so. */
export function visibleName(name: string, limit?: number): string {
  if (name === "") return t("⟨no name⟩");
  return visibleText(name.trim() === "" ? name.replace(/\s/gu, codePoint) : name, limit);
}
