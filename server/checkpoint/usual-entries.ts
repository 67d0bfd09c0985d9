/** The entries of a header as nearly every writer writes them, read without the detour over JSON. */
import type { Tensor } from "./checkpoint.ts";
import { dtypeBits, type Dtype } from "./dtype.ts";
import type { Shortcut } from "./json.ts";

export type HeaderTensor = Omit<Tensor, "file">;

/** The one key of a header that names no tensor. */
export const metadataKey = "__metadata__";

/** As they are written. */
const dtypes: ReadonlyMap<string, Dtype> = new Map((Object.keys(dtypeBits) as Dtype[]).map((dtype) => [dtype, dtype]));

/** No number of so many digits is beyond 2⁵³. */
const mostDigits = 15;

const zero = 48;
const nine = 57;

/**
 * Reads entries as the reference implementation writes them, `{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}` without
 * a space, in which nothing is wrong: of a hundred thousand, each costs an object and no more. All others are left to who
 * reads JSON, and tells what is wrong.
 */
export class UsualEntries implements Shortcut<HeaderTensor> {
  end = 0;
  values = 0;
  readonly #dataStart: number;
  /** Shapes by how they are written: a model has few, and its tensors share them. */
  readonly #shapes = new Map<string, readonly number[]>();

  /** @param dataStart where the data begin, in bytes from the start of the file */
  constructor(dataStart: number) {
    this.#dataStart = dataStart;
  }

  read(name: string, text: string, position: number): HeaderTensor | null {
    if (name === metadataKey || !text.startsWith('{"dtype":"', position)) return null;
    const dtypeStart = position + 10;
    const dtypeEnd = text.indexOf('"', dtypeStart);
    const dtype = dtypes.get(text.slice(dtypeStart, dtypeEnd));
    if (dtype === undefined || !text.startsWith('","shape":[', dtypeEnd)) return null;

    const shapeStart = dtypeEnd + 11;
    const shapeEnd = text.indexOf("]", shapeStart);
    if (shapeEnd < 0 || !text.startsWith('],"data_offsets":[', shapeEnd)) return null;
    const shape = this.#shape(text.slice(shapeStart, shapeEnd));

    const beginStart = shapeEnd + 18;
    const beginEnd = endOfDigits(text, beginStart);
    const begin = wholeNumber(text, beginStart, beginEnd);
    const endStart = beginEnd + 1;
    const endEnd = endOfDigits(text, endStart);
    const end = wholeNumber(text, endStart, endEnd);
    if (shape === null || begin === null || end === null) return null;
    if (!text.startsWith(",", beginEnd) || !text.startsWith("]}", endEnd)) return null;

    const isWhole =
      Number.isSafeInteger(this.#dataStart + end) && bitsOf(shape, dtypeBits[dtype]) === 8 * (end - begin);
    if (!isWhole) return null;
    this.end = endEnd + 2;
    // The object, its dtype, the lists and what is in them.
    this.values = 6 + shape.length;
    return { name, dtype, shape, begin: this.#dataStart + begin, end: this.#dataStart + end };
  }

  #shape(text: string): readonly number[] | null {
    let shape = this.#shapes.get(text);
    if (shape === undefined) {
      const sides = text === "" ? [] : text.split(",").map((side) => wholeNumber(side, 0, side.length));
      if (!sides.every((side) => side !== null)) return null;
      shape = sides;
      this.#shapes.set(text, shape);
    }
    return shape;
  }
}

/** Product of the shape and the width; null where it overflows on the way, even if a 0 follows (as the reference does). */
export function bitsOf(shape: readonly number[], width: number): number | null {
  let product = 1;
  for (const size of shape) {
    product *= size;
    if (!Number.isSafeInteger(product)) return null;
  }
  product *= width;
  return Number.isSafeInteger(product) ? product : null;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

function isDigit(unit: number): boolean {
  return unit >= zero && unit <= nine;
}

/** The number that stands there alone as JSON writes whole numbers; null for anything else, and for a long one. */
function wholeNumber(text: string, start: number, end: number): number | null {
  const length = end - start;
  if (length < 1 || length > mostDigits || (length > 1 && text.charCodeAt(start) === zero)) return null;
  let number = 0;
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (!isDigit(unit)) return null;
    number = 10 * number + unit - zero;
  }
  return number;
}
