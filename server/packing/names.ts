/**
 * Many names as they travel: each as what it shares with the one before it, and an ending. Names of a checkpoint are alike
 * but for their numbers, so that a few thousand endings make a hundred thousand names.
 */
import { packNumbers, unpackNumbers, type PackedNumbers } from "./numbers.ts";
import { Table } from "./table.ts";

export interface PackedNames {
  /** Untrusted text. */
  readonly endings: readonly string[];
  /** Of each name, how many UTF-16 units the one before it begins with too. */
  readonly shared: PackedNumbers;
  /** Of each name, its ending by its place in `endings`. */
  readonly ending: PackedNumbers;
}

export function packNames(names: readonly string[]): PackedNames {
  const endings = new Table<string>();
  const shared = new Uint32Array(names.length);
  const ending = new Uint32Array(names.length);
  let before = "";
  names.forEach((name, i) => {
    const common = sharedLength(before, name);
    const rest = name.slice(common);
    shared[i] = common;
    ending[i] = endings.place(rest, () => rest);
    before = name;
  });
  return { endings: endings.values, shared: packNumbers(shared), ending: packNumbers(ending) };
}

export function unpackNames({ endings, shared, ending }: PackedNames, count: number): string[] {
  const lengths = unpackNumbers(shared, count);
  const places = unpackNumbers(ending, count);
  const names: string[] = [];
  let before = "";
  for (let i = 0; i < count; i++) {
    before = before.slice(0, lengths[i]) + endings[places[i]!]!;
    names.push(before);
  }
  return names;
}

function sharedLength(left: string, right: string): number {
  const most = Math.min(left.length, right.length);
  let length = 0;
  while (length < most && left.charCodeAt(length) === right.charCodeAt(length)) length++;
  // Half a surrogate pair is no text that can travel by itself.
  return isHighSurrogate(left.charCodeAt(length - 1)) ? length - 1 : length;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
