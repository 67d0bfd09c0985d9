/** Where the tensors' names stand in the text of an index JSON, which may be under edit and not valid. Pure. */
import { createScanner } from "jsonc-parser";
import { atOnce, sliceItems, type Sliced } from "../collections/sliced.ts";

/** The tokens that matter, as jsonc-parser numbers them: its own names for them do not exist when a program runs. */
const kind = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, colon: 6, text: 10, end: 17 } as const;

/** In UTF-16 units, the quotes included. */
export interface KeyRange {
  readonly offset: number;
  readonly length: number;
}

/** Every key of `weight_map`, in the text's order; of a key that occurs twice, the last place. */
export function weightMapKeys(text: string): Map<string, KeyRange> {
  return atOnce(findingKeys(text));
}

/** As {@link weightMapKeys}, in slices. */
export function* findingKeys(text: string): Sliced<Map<string, KeyRange>> {
  const keys = new Map<string, KeyRange>();
  const scanner = createScanner(text, true);
  /** What is open at a place, from the outside in: whether it is an object. */
  const open: boolean[] = [];
  let inWeightMap = false;
  /** A text that is a key if a colon follows. */
  let last: { readonly key: string; readonly offset: number; readonly length: number } | null = null;
  for (let count = 1, token: number = scanner.scan(); token !== kind.end; count++, token = scanner.scan()) {
    if (token === kind.colon && last !== null && open.at(-1) === true) {
      const { key, offset, length } = last;
      if (open.length === 1) inWeightMap = key === "weight_map";
      else if (open.length === 2 && inWeightMap) keys.set(key, { offset, length });
    }
    last =
      token === kind.text
        ? { key: scanner.getTokenValue(), offset: scanner.getTokenOffset(), length: scanner.getTokenLength() }
        : null;
    if (token === kind.openBrace || token === kind.openBracket) {
      open.push(token === kind.openBrace);
    } else if (token === kind.closeBrace || token === kind.closeBracket) {
      open.pop();
    }
    if (count % tokensOfSlice === 0) yield;
  }
  return keys;
}

/** A key, a colon, a value and a comma are four. */
const tokensOfSlice = 4 * sliceItems;

/** The key of `weight_map` at an offset, which may be on its quotes or just behind them. */
export function weightMapKeyAt(text: string, offset: number): (KeyRange & { readonly key: string }) | null {
  for (const [key, range] of weightMapKeys(text)) {
    if (offset >= range.offset && offset <= range.offset + range.length) return { key, ...range };
  }
  return null;
}
