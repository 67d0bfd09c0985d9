/** Some entries of a tensor, read from its file: no more bytes than they need, and never a whole tensor at once. */
import { t } from "../text/l10n.ts";
import { open, type FileHandle } from "node:fs/promises";
import type { Tensor } from "./checkpoint.ts";
import { entryReader, exactEntry } from "./decode.ts";
import { dtypeBits } from "./dtype.ts";
import type { EntryGrid, VectorProfile } from "./entry-grid.ts";
import { readTensorBytes } from "./read-bytes.ts";

export interface GridEntries {
  /** Row after row. */
  readonly values: Float64Array;
  /** In full, where a float64 does not hold all of an entry. */
  readonly exact: readonly string[] | null;
}

/** No view shows more at once. */
export const mostEntries = 1 << 16;
/** Entries further apart than so many bytes are read one by one. */
const farApart = 4096;

/** @throws in one sentence when the entries do not lie in the tensor, or the file cannot be read. */
export async function readEntries(path: string, tensor: Tensor, grid: EntryGrid): Promise<GridEntries> {
  requireSoundGrid(grid, entryCount(tensor));
  const { offset, rows, columns, rowStride, columnStride } = grid;
  const bits = dtypeBits[tensor.dtype];
  const read = entryReader(tensor.dtype);
  const inFull = exactEntry(tensor.dtype);
  const values = new Float64Array(rows * columns);
  const exact: string[] = [];
  await withFile(path, async (file) => {
    for (let row = 0; row < rows; row++) {
      const first = offset + row * rowStride;
      const step = (columnStride * bits) / 8 > farApart ? 1 : columns;
      for (let column = 0; column < columns; column += step) {
        const begin = (first + column * columnStride) * bits;
        const bytes = await readBits(file, tensor, begin, begin + ((step - 1) * columnStride + 1) * bits);
        for (let k = 0; k < step; k++) {
          const bit = (begin % 8) + k * columnStride * bits;
          values[row * columns + column + k] = read(bytes, bit);
          if (inFull !== null) exact.push(inFull(bytes, bit));
        }
      }
    }
  });
  return { values, exact: inFull === null ? null : exact };
}

/** @throws in one sentence unless the grid lies in a tensor of `count` entries, and has no more than are shown. */
export function requireSoundGrid({ offset, rows, columns, rowStride, columnStride }: EntryGrid, count: number): void {
  const sound = [offset, rows, columns, rowStride, columnStride].every(
    (each) => Number.isSafeInteger(each) && each >= 0,
  );
  const last = offset + Math.max(0, rows - 1) * rowStride + Math.max(0, columns - 1) * columnStride;
  if (!sound || rows * columns > mostEntries || (rows * columns > 0 && last >= count)) {
    throw new Error(
      t("{0} × {1} entries from {2} on cannot be shown of a tensor with {3}.", rows, columns, offset, count),
    );
  }
}

/** Longer tensors are looked at a corner at a time. */
export const longestVector = 1 << 22;
const chunkEntries = 1 << 15;

/**
 * @param most runs
 * @throws in one sentence when the tensor is too long, or the file cannot be read.
 */
export async function vectorProfile(path: string, tensor: Tensor, most: number): Promise<VectorProfile> {
  const count = entryCount(tensor);
  if (count > longestVector) throw new Error(t("A tensor with {0} entries is too long to be drawn as a whole.", count));
  const bits = dtypeBits[tensor.dtype];
  const read = entryReader(tensor.dtype);
  const runLength = Math.max(1, Math.ceil(count / Math.max(1, most)));
  const runs = Array.from({ length: Math.ceil(count / runLength) }, () => new Moments());
  let zeros = 0;
  await withFile(path, async (file) => {
    for (let first = 0; first < count; first += chunkEntries) {
      const end = Math.min(count, first + chunkEntries);
      const bytes = await readBits(file, tensor, first * bits, end * bits);
      for (let index = first; index < end; index++) {
        const value = read(bytes, (index - first) * bits + ((first * bits) % 8));
        if (value === 0) zeros += 1;
        runs[Math.floor(index / runLength)]!.add(value);
      }
    }
  });
  const whole = new Moments();
  for (const run of runs) whole.merge(run);
  return {
    count,
    zeros,
    nonFinite: count - whole.count,
    ...{ minimum: whole.low, maximum: whole.high, mean: whole.mean, deviation: whole.deviation },
    runLength,
    runs: runs.map(({ low, high, mean }) => ({ low, high, mean })),
  };
}

/** Least, greatest, mean and spread of finite numbers, as they come (Welford; Chan for two parts). */
class Moments {
  count = 0;
  #low = Infinity;
  #high = -Infinity;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.count += 1;
    this.#low = Math.min(this.#low, value);
    this.#high = Math.max(this.#high, value);
    const difference = value - this.#mean;
    this.#mean += difference / this.count;
    this.#squares += difference * (value - this.#mean);
  }

  merge(other: Moments): void {
    if (other.count === 0) return;
    const count = this.count + other.count;
    const difference = other.#mean - this.#mean;
    this.#mean += (difference * other.count) / count;
    this.#squares += other.#squares + (difference * difference * this.count * other.count) / count;
    this.#low = Math.min(this.#low, other.#low);
    this.#high = Math.max(this.#high, other.#high);
    this.count = count;
  }

  get low(): number | null {
    return this.count === 0 ? null : this.#low;
  }

  get high(): number | null {
    return this.count === 0 ? null : this.#high;
  }

  get mean(): number | null {
    return this.count === 0 ? null : this.#mean;
  }

  get deviation(): number | null {
    return this.count === 0 ? null : Math.sqrt(this.#squares / this.count);
  }
}

function entryCount({ shape }: Tensor): number {
  return shape.reduce((product, side) => product * side, 1);
}

async function withFile(path: string, action: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path).catch((error: unknown) => {
    throw new Error(t("{0} cannot be read: {1}.", path, error instanceof Error ? error.message : String(error)));
  });
  try {
    await action(file);
  } finally {
    await file.close();
  }
}

/** The bytes that hold bits [from, to) of a tensor. */
async function readBits(file: FileHandle, tensor: Tensor, from: number, to: number): Promise<DataView> {
  const { name, begin } = tensor;
  return readTensorBytes(file, name, begin + Math.floor(from / 8), begin + Math.ceil(to / 8));
}
