/** Where the tensors' names stand in the text of an index JSON, which may be under edit and not valid. Pure. */
import { visit } from "jsonc-parser";

/** In UTF-16 units, the quotes included. */
export interface KeyRange {
  readonly offset: number;
  readonly length: number;
}

/** Every key of `weight_map`, in the text's order; of a key that occurs twice, the last place. */
export function weightMapKeys(text: string): Map<string, KeyRange> {
  const keys = new Map<string, KeyRange>();
  let depth = 0;
  let inWeightMap = false;
  const enter = (): void => {
    depth++;
  };
  const leave = (): void => {
    depth--;
  };
  try {
    visit(text, {
      onObjectBegin: enter,
      onArrayBegin: enter,
      onObjectEnd: leave,
      onArrayEnd: leave,
      onObjectProperty: (key, offset, length) => {
        if (depth === 1) inWeightMap = key === "weight_map";
        else if (depth === 2 && inWeightMap) keys.set(key, { offset, length });
      },
    });
  } catch (error) {
    // The visitor recurses: nested thousands deep, the text is no index, and the keys so far are all there is.
    if (!(error instanceof RangeError)) throw error;
  }
  return keys;
}

/** The key of `weight_map` at an offset, which may be on its quotes or just behind them. */
export function weightMapKeyAt(text: string, offset: number): (KeyRange & { readonly key: string }) | null {
  for (const [key, range] of weightMapKeys(text)) {
    if (offset >= range.offset && offset <= range.offset + range.length) return { key, ...range };
  }
  return null;
}
