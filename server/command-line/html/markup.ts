/** HTML that is safe by construction: whatever is put into it is text, unless it was made here itself. */
import { printable } from "../../text/format.ts";

/** Markup that needs no escaping any more. */
export class Markup {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** What may stand in a template: text and numbers are escaped, nothing becomes nothing. */
export type Part = string | number | Markup | null | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** Text as it may stand between tags and in quoted attributes; what would reorder or hide other text is shown as it is. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"'`]/g, (character) => entities[character] ?? "");
}

/** HTML or SVG with parts put in: markup`<p title="${name}">${text}</p>`. Attributes must be quoted. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    strings.map((string, index) => string + (index < parts.length ? render(parts[index]!) : "")).join(""),
  );
}

function render(part: Part): string {
  if (part === null) return "";
  if (part instanceof Markup) return part.source;
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return String(part);
  return part.map(render).join("");
}
