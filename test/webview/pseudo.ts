/** Texts in which every sentence stands in brackets: what a person sees without them was never asked of the bundle. */
import { readFileSync } from "node:fs";
import { loadTexts, type Spoken, type Texts } from "../../server/text/l10n.ts";

const german = JSON.parse(readFileSync("l10n/bundle.l10n.de.json", "utf8")) as Texts;

export const bracketed: Spoken = {
  language: "de",
  texts: Object.fromEntries(Object.keys(german).map((text) => [text, `⟦${text}⟧`])),
};

/** A text without all that stands in brackets, values in them included. */
export function unbracketed(text: string): string {
  let rest = text;
  for (;;) {
    const shorter = rest.replace(/⟦[^⟦⟧]*⟧/gu, " ");
    if (shorter === rest) return rest;
    rest = shorter;
  }
}

// Sentences of the server are made in this process, as soon as scenes are.
loadTexts(bracketed);
