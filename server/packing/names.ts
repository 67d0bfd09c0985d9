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

export class NamePacker {
  readonly #endings = new Table<string>();
  readonly #shared: Uint32Array;
  readonly #ending: Uint32Array;
  #count = 0;
  #before = "";

  /** @param count how many names there will be */
  constructor(count: number) {
    this.#shared = new Uint32Array(count);
    this.#ending = new Uint32Array(count);
  }

  add(name: string): void {
    const common = sharedLength(this.#before, name);
    const rest = name.slice(common);
    this.#shared[this.#count] = common;
    this.#ending[this.#count] = this.#endings.place(rest, () => rest);
    this.#before = name;
    this.#count++;
  }

  packed(): PackedNames {
    return { endings: this.#endings.values, shared: packNumbers(this.#shared), ending: packNumbers(this.#ending) };
  }
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
