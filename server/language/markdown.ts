import { printable } from "../text/format.ts";

/** Text out of a file, as Markdown that shows just that text: no link, no emphasis, no HTML, no hidden characters. */
export function escapeMarkdown(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]()#+\-.!~|:/@$^=]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
