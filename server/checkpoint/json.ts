/**
 * Strict JSON that keeps what `JSON.parse` hides and the safetensors format needs: keys that occur twice, whole numbers
 * told from `1.0` and `1e3`, keys such as `__proto__`, and where in the text an error is.
 */

import { t } from "../text/l10n.ts";
import { sliceItems, type Sliced } from "../collections/sliced.ts";
import { inertJson } from "../text/json.ts";

export type Json = string | number | boolean | null | OddNumber | readonly Json[] | JsonObject;

/** A number that is not a whole number in 0 … 2⁵³ − 1 written with digits only. */
export class OddNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** @template Value what members may be besides JSON */
export class JsonObject<Value = never> {
  /** In the text's order; of a key that occurs twice, the last value. */
  readonly entries: ReadonlyMap<string, Json | Value>;
  /** Keys that occurred before, at each repetition. */
  readonly repeated: readonly string[];

  constructor(entries: ReadonlyMap<string, Json | Value>, repeated: readonly string[]) {
    this.entries = entries;
    this.repeated = repeated;
  }
}

/** The message says what was expected; the offset counts UTF-16 units of the text. */
export class JsonError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** As serde_json, which the reference implementation uses. */
const deepestNesting = 128;

/**
 * As many objects, and values of any kind, are kept: a header of a million tensors has no more of either, and one that is
 * made to use up memory (100 MB of `{},{},{}` are as many maps as fill 10 GB) is refused at a gigabyte.
 */
const mostObjects = 1_100_000;
const mostValues = 10_000_000;

const none: readonly string[] = [];

/** Reads a JSON document. Throws {@link JsonError}. */
export function parseJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

/** Reads values that are written in one form more quickly than {@link parseJson} reads any. */
export interface Shortcut<Value> {
  /** The value of a key, at a position; null where something else stands there, or in another form. */
  readonly read: (key: string, text: string, position: number) => Value | null;
  /** Where the value that was read last ends. */
  readonly end: number;
  /** How many values of JSON it holds, its own included. */
  readonly values: number;
}

/**
 * Reads a JSON document that mostly is one object of many members, in slices. Throws {@link JsonError}.
 * @param shortcut for the values of those members
 */
export function* parseMembers<Value>(text: string, shortcut: Shortcut<Value>): Sliced<Json | JsonObject<Value>> {
  const reader = new Reader(text);
  const value = yield* reader.members(shortcut);
  reader.end();
  return value;
}

/** The plain JavaScript value, for use where only known keys are looked up. */
export function plain(value: Json): unknown {
  if (value instanceof OddNumber) return Number(value.text);
  if (value instanceof JsonObject) return plainObject(value);
  return Array.isArray(value) ? value.map(plain) : value;
}

/** As {@link plain}. A key `__proto__` is a key like any other. */
export function plainObject({ entries }: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Array.from(entries, ([key, value]) => [key, plain(value)]));
}

const code = {
  tab: 9,
  lineFeed: 10,
  carriageReturn: 13,
  space: 32,
  quote: 34,
  comma: 44,
  minus: 45,
  point: 46,
  zero: 48,
  nine: 57,
  colon: 58,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  openBrace: 123,
  closeBrace: 125,
} as const;

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < code.zero || unit > code.nine) return false;
  }
  return true;
}

class Reader {
  readonly #text: string;
  #position = 0;
  #objects = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Json {
    this.#skipSpace();
    this.#countValue();
    const next = this.#text.charCodeAt(this.#position);
    if (next === code.quote) return this.#string();
    if (next === code.openBrace) return this.#object(depth + 1);
    if (next === code.openBracket) return this.#array(depth + 1);
    if ((next >= code.zero && next <= code.nine) || next === code.minus) return this.#number();
    if (this.#word("true")) return true;
    if (this.#word("false")) return false;
    if (this.#word("null")) return null;
    throw this.#expected(t("a value"));
  }

  /** The document's value, its members in slices where it is an object. */
  *members<Value>(shortcut: Shortcut<Value>): Sliced<Json | JsonObject<Value>> {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#position) !== code.openBrace) return this.value(0);
    this.#enterObject(1);
    const entries = new Map<string, Json | Value>();
    const repeated: string[] = [];
    if (this.#take(code.closeBrace)) return new JsonObject(entries, none);
    do {
      const key = this.#key();
      if (entries.has(key)) repeated.push(key);
      entries.set(key, this.#short(key, shortcut) ?? this.value(1));
      if (entries.size % sliceItems === 0) yield;
    } while (this.#take(code.comma));
    this.#leaveObject();
    return new JsonObject(entries, repeated);
  }

  end(): void {
    this.#skipSpace();
    if (this.#position < this.#text.length) throw this.#expected(t("the end"));
  }

  #short<Value>(key: string, shortcut: Shortcut<Value>): Value | null {
    const value = shortcut.read(key, this.#text, this.#position);
    if (value === null) return null;
    // They count as if they had been read one by one.
    this.#countObject();
    this.#values += shortcut.values - 1;
    this.#countValue();
    this.#position = shortcut.end;
    return value;
  }

  #object(depth: number): JsonObject {
    this.#enterObject(depth);
    const entries = new Map<string, Json>();
    let repeated: string[] | null = null;
    if (!this.#take(code.closeBrace)) {
      do {
        const key = this.#key();
        if (entries.has(key)) (repeated ??= []).push(key);
        entries.set(key, this.value(depth));
      } while (this.#take(code.comma));
      this.#leaveObject();
    }
    return new JsonObject<never>(entries, repeated ?? none);
  }

  #enterObject(depth: number): void {
    this.#enter(depth);
    this.#countObject();
  }

  #leaveObject(): void {
    if (!this.#take(code.closeBrace)) throw this.#expected(t('"," or "}"'));
  }

  #countObject(): void {
    if (++this.#objects > mostObjects) throw new JsonError(t("more than {0} objects", mostObjects), this.#position - 1);
  }

  #countValue(): void {
    if (++this.#values > mostValues) throw new JsonError(t("more than {0} values", mostValues), this.#position);
  }

  /** A key with the colon after it. */
  #key(): string {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#position) !== code.quote) throw this.#expected(t('a key in "quotes"'));
    const key = this.#string();
    if (!this.#take(code.colon)) throw this.#expected('":"');
    return key;
  }

  #array(depth: number): Json[] {
    this.#enter(depth);
    const values: Json[] = [];
    if (!this.#take(code.closeBracket)) {
      do values.push(this.value(depth));
      while (this.#take(code.comma));
      if (!this.#take(code.closeBracket)) throw this.#expected(t('"," or "]"'));
    }
    return values;
  }

  #enter(depth: number): void {
    if (depth > deepestNesting) throw new JsonError(t("nested more than {0} deep", deepestNesting), this.#position);
    this.#position++;
  }

  #string(): string {
    const start = this.#position + 1;
    let escaped = false;
    for (let i = start; i < this.#text.length; i++) {
      const unit = this.#text.charCodeAt(i);
      if (unit === code.quote) {
        this.#position = i + 1;
        return escaped ? this.#unescape(start - 1, i + 1) : this.#text.slice(start, i);
      }
      if (unit === code.backslash) {
        escaped = true;
        i++;
      } else if (unit < code.space) {
        throw new JsonError(t("a control character inside a string"), i);
      }
    }
    throw new JsonError(t("a string without an end"), start - 1);
  }

  #unescape(start: number, end: number): string {
    let value: unknown;
    try {
      value = JSON.parse(this.#text.slice(start, end));
    } catch {
      throw new JsonError(t("a string with an invalid escape"), start);
    }
    // Half a surrogate pair cannot be written in UTF-8.
    if (typeof value !== "string" || /\p{Surrogate}/u.test(value)) {
      throw new JsonError(t("a string with half a surrogate pair"), start);
    }
    return value;
  }

  #number(): number | OddNumber {
    const start = this.#position;
    number.lastIndex = start;
    const text = number.exec(this.#text)?.[0];
    if (text === undefined) throw this.#expected(t("a number"));
    this.#position = start + text.length;
    const value = Number(text);
    return isDigits(text) && Number.isSafeInteger(value) ? value : new OddNumber(text);
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#position)) return false;
    this.#position += word.length;
    return true;
  }

  #take(unit: number): boolean {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#position) !== unit) return false;
    this.#position++;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#position);
      if (unit !== code.space && unit !== code.lineFeed && unit !== code.carriageReturn && unit !== code.tab) {
        return;
      }
      this.#position++;
    }
  }

  #expected(what: string): JsonError {
    const found = this.#text.codePointAt(this.#position);
    return new JsonError(
      found === undefined
        ? t("{0} expected, but it ends", what)
        : t("{0} expected, not {1}", what, inertJson(String.fromCodePoint(found))),
      this.#position,
    );
  }
}
