import { plural } from "../text/l10n.ts";

const longest = 160;

/** A name out of a file, in quotes, on one line and not too long, for use in a sentence. Still untrusted text. */
export function quote(name: string): string {
  const cut = name.length > longest ? `${name.slice(0, longest)}…` : name;
  // Line breaks, control and direction marks must not change how the sentence around the name reads.
  const visible = cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (mark) => {
    return `\\u{${mark.codePointAt(0)!.toString(16)}}`;
  });
  return `"${visible}"`;
}

/** "1 byte", "2 bytes". */
export function byteCount(count: number): string {
  return plural(count, "{0} byte", "{0} bytes");
}

/** "1 tensor", "2 tensors". */
export function tensorCount(count: number): string {
  return plural(count, "{0} tensor", "{0} tensors");
}
