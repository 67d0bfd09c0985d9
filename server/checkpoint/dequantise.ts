/** Some entries of a quantised weight, for showing them: no more bytes are read than they need, and some around them. */
import { open, type FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { entryReader, type EntryReader } from "./decode.ts";
import { t } from "../text/l10n.ts";
import { mostEntries, requireSoundGrid, type GridEntries } from "./entries.ts";
import type { EntryGrid } from "./entry-grid.ts";
import { readTensorBytes } from "./read-bytes.ts";
import {
  codeBits,
  zeroPlace,
  type CodeFormat,
  type FilePiece,
  type PieceName,
  type Quantisation,
} from "./quantisation.ts";

/** A weight as a stack of quantised matrices of one shape. */
export interface QuantisedStack {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly slices: readonly Quantisation<FilePiece>[];
}

/** @throws in one sentence when the entries do not lie in the weight, or a file cannot be read. */
export async function readQuantisedEntries(stack: QuantisedStack, grid: EntryGrid): Promise<GridEntries> {
  const { rows: height, columns: width, slices, name } = stack;
  requireSoundGrid(grid, slices.length * height * width);
  const { offset, rows, columns, rowStride, columnStride } = grid;
  const values = new Float64Array(Math.min(mostEntries, rows * columns));
  const files = new Files(name);
  const readers = new Map<number, Entry>();
  try {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const index = offset + row * rowStride + column * columnStride;
        const slice = Math.floor(index / (height * width));
        const entry = readers.get(slice) ?? entryOf(slices[slice]!, files);
        readers.set(slice, entry);
        const within = index % (height * width);
        const value = entry(Math.floor(within / width), within % width);
        values[row * columns + column] = typeof value === "number" ? value : await value;
      }
      // Messages come through between the rows.
      await setImmediate();
    }
  } finally {
    await files.close();
  }
  return { values, exact: null };
}

/** A promise only where something has to be read first. */
type Awaitable = number | Promise<number>;
type Entry = (row: number, column: number) => Awaitable;

function entryOf({ scheme, pieces, window }: Quantisation<FilePiece>, files: Files): Entry {
  const piece = (name: PieceName, format?: CodeFormat): PieceReader | null => {
    const found = pieces[name];
    return found === undefined ? null : new PieceReader(files, found, format ?? found.format);
  };
  const whole = ((): Entry => {
    switch (scheme.kind) {
      case "blocks": {
        const [codes, scales, zeros] = [piece("codes")!, piece("scales"), piece("zeros")];
        const [groups, factor] = [piece("groups"), piece("factor")];
        const { pitch, offset, blockRows, blockColumns, scalePitch, factorUse, constant } = scheme;
        return async (row, column) => {
          const group = (await groups?.at(column)) ?? -1;
          const across = group >= 0 ? group : Math.floor(column / blockColumns);
          const down = Math.floor(row / blockRows);
          if (across >= scalePitch) return NaN;
          const one = (await factor?.at(0)) ?? 1;
          const zero = (await zeros?.at(zeroPlace(scheme, down, across))) ?? 0;
          const code = (await codes.at(row * pitch + column)) - offset - zero;
          return (
            code *
            ((await scales?.at(down * scalePitch + across)) ?? 1) *
            (factorUse === "divide" ? 1 / one : one) *
            constant
          );
        };
      }
      case "groups": {
        const { bits, outputs, packing, groupSize, groupCount, zeroOffset } = scheme;
        const [codes, zeros, scales] = [piece("codes", "U32")!, piece("zeros", "U32")!, piece("scales")!];
        const groups = piece("groups");
        const zeroWords = Math.ceil((outputs * bits) / 32);
        const interleaved = packing === "interleaved-outputs";
        const packed = async (reader: PieceReader, first: number, stride: number, bit: number): Promise<number> => {
          const word = first + Math.floor(bit / 32) * stride;
          const shift = bit % 32;
          const low = (await reader.at(word)) >>> shift;
          const high = shift + bits > 32 ? (await reader.at(word + stride)) << (32 - shift) : 0;
          return (low | high) & (2 ** bits - 1);
        };
        const along = (reader: PieceReader, row: number, output: number): Promise<number> => {
          const place = interleaved ? output - (output % 8) + nibbleOf(output % 8) : output;
          return packed(reader, row * zeroWords, 1, place * bits);
        };
        return async (output, input) => {
          const group = (await groups?.at(input)) ?? Math.floor(input / groupSize);
          if (group < 0 || group >= groupCount) return NaN;
          const code = interleaved
            ? await along(codes, input, output)
            : await packed(codes, output, outputs, input * bits);
          const zero = ((await along(zeros, group, output)) + zeroOffset) & (2 ** bits - 1);
          return (code - zero) * (await scales.at(group * outputs + output));
        };
      }
      case "table": {
        const { columns, blockSize, nested } = scheme;
        const [codes, table, scales] = [piece("codes")!, piece("table")!, piece("scales")!];
        const [nestedTable, nestedScales] = [piece("nestedTable"), piece("nestedScales")];
        return async (row, column) => {
          const index = row * columns + column;
          const code = await codes.at(index % 2 === 0 ? index + 1 : index - 1);
          const block = Math.floor(index / blockSize);
          const own = await scales.at(block);
          if (nested === null) return (await table.at(code)) * own;
          const outer = await nestedScales!.at(Math.floor(block / nested.blockSize));
          return (await table.at(code)) * ((await nestedTable!.at(own)) * outer + nested.offset);
        };
      }
    }
  })();
  return (row, column) => whole(window.row + row * window.rowStep, window.column + column);
}

/** Where AWQ puts an output of eight: nibble i has the output 0 2 4 6 1 3 5 7 [i]. */
function nibbleOf(output: number): number {
  return output % 2 === 0 ? output / 2 : 4 + (output - 1) / 2;
}

/** Of a piece, a page at a time, because entries that are shown lie near each other. */
const pageBytes = 1 << 14;
const mostPages = 64;

class PieceReader {
  readonly #files: Files;
  readonly #piece: FilePiece;
  readonly #bits: number;
  readonly #read: EntryReader;
  readonly #pages = new Map<number, DataView>();

  constructor(files: Files, piece: FilePiece, format: CodeFormat) {
    this.#files = files;
    this.#piece = piece;
    this.#bits = codeBits(format);
    this.#read = format === "U4" ? nibble : entryReader(format);
  }

  at(index: number): Awaitable {
    const bit = index * this.#bits;
    const number = Math.floor(bit / 8 / pageBytes);
    const page = this.#pages.get(number);
    const place = bit - number * pageBytes * 8;
    return page === undefined
      ? this.#load(number).then((loaded) => this.#read(loaded, place))
      : this.#read(page, place);
  }

  async #load(number: number): Promise<DataView> {
    const { path, begin, end } = this.#piece;
    const from = begin + number * pageBytes;
    // A code may reach into the next page.
    const page = await this.#files.read(path, from, Math.max(from, Math.min(end, from + pageBytes + 8)));
    if (this.#pages.size >= mostPages) this.#pages.clear();
    this.#pages.set(number, page);
    return page;
  }
}

function nibble(bytes: DataView, bit: number): number {
  return (bytes.getUint8(Math.floor(bit / 8)) >> (bit % 8)) & 15;
}

/** The files of a weight, each opened once. */
class Files {
  readonly #name: string;
  readonly #handles = new Map<string, Promise<FileHandle>>();

  /** @param name of the weight */
  constructor(name: string) {
    this.#name = name;
  }

  async read(path: string, begin: number, end: number): Promise<DataView> {
    const opening = this.#handles.get(path) ?? open(path);
    this.#handles.set(path, opening);
    const file = await opening.catch((error: unknown) => {
      throw new Error(t("{0} cannot be read: {1}.", path, error instanceof Error ? error.message : String(error)));
    });
    return readTensorBytes(file, this.#name, begin, end);
  }

  async close(): Promise<void> {
    for (const handle of this.#handles.values()) {
      await handle.then((file) => file.close()).catch(() => undefined);
    }
  }
}
