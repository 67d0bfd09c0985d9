/**
 * How the codes of a quantised weight become numbers, as data: which pieces of which files belong together, and the
 * arithmetic. shaders/dequantise-*.wgsl compute it, and for showing a few entries dequantise.ts. docs/formats.md says
 * where each definition comes from.
 */
import { dtypeBits, type Dtype } from "./dtype.ts";

/** How the numbers of a piece are written: `U4` for codes of four bits, the low ones of a byte first. */
export type CodeFormat = Dtype | "U4";

export function codeBits(format: CodeFormat): number {
  return format === "U4" ? 4 : dtypeBits[format];
}

/** Bytes of a checkpoint's file that hold numbers, one after the other. */
export interface Piece {
  /** Index into the checkpoint's files. */
  readonly file: number;
  readonly begin: number;
  readonly end: number;
  readonly format: CodeFormat;
}

/** A {@link Piece} whose file is known by its path. */
export interface FilePiece extends Omit<Piece, "file"> {
  readonly path: string;
}

export type PieceName = "codes" | "scales" | "zeros" | "groups" | "factor" | "table" | "nestedScales" | "nestedTable";

/** The tensors, or the parts of them, that a weight is made of. `groups` are I32. */
export type Pieces<Place = Piece> = Readonly<Partial<Record<PieceName, Place>>> & { readonly codes: Place };

/**
 * (code − offset − zero) · scale · factor · constant, with a scale, and a zero point if there are any, for each block of
 * `blockRows × blockColumns`; the last blocks may be partial. `groups` gives the column of blocks of each column. Zero
 * points lie as the scales do, or `zeroRows` of a column of blocks one after the other: see {@link zeroPlace}.
 */
export interface BlockScheme {
  readonly kind: "blocks";
  /** Codes from the start of a row to that of the next. */
  readonly pitch: number;
  readonly offset: number;
  readonly blockRows: number;
  readonly blockColumns: number;
  /** Scales from one row of blocks to the next. */
  readonly scalePitch: number;
  /** 1, or rows of blocks whose zero points share a word. */
  readonly zeroRows: number;
  /** How the one number of `factor` comes in. */
  readonly factorUse: "multiply" | "divide";
  readonly constant: number;
}

/** Which zero point a block has, by its row and column among the blocks. */
export function zeroPlace({ scalePitch, zeroRows }: BlockScheme, row: number, column: number): number {
  return (Math.floor(row / zeroRows) * scalePitch + column) * zeroRows + (row % zeroRows);
}

/**
 * GPTQ and AWQ: (code − zero) · scale, stored as [inputs, outputs], with zeros and scales for groups of inputs.
 * `groups` gives the group of each input.
 */
export interface GroupScheme {
  readonly kind: "groups";
  readonly bits: number;
  /** GPTQ packs successive inputs into a word; AWQ eight outputs, in the order 0 2 4 6 1 3 5 7. */
  readonly packing: "inputs" | "interleaved-outputs";
  readonly outputs: number;
  readonly groupSize: number;
  readonly groupCount: number;
  /** Added to the zeros that are stored, within their bits: 1 in GPTQ's first format. */
  readonly zeroOffset: number;
}

/** bitsandbytes: table[code] · scale of a block of successive entries, the high nibble of a byte first. */
export interface TableScheme {
  readonly kind: "table";
  readonly columns: number;
  readonly blockSize: number;
  /** The scales are codes themselves: nestedTable[code] · nestedScale + offset. */
  readonly nested: { readonly blockSize: number; readonly offset: number } | null;
}

export type Scheme = BlockScheme | GroupScheme | TableScheme;

/** Which part of the whole weight, [out, in], is meant: rows `row`, `row + rowStep`, … from `column` on. */
export interface Window {
  readonly row: number;
  readonly rowStep: number;
  readonly column: number;
}

export interface Quantisation<Place = Piece> {
  readonly scheme: Scheme;
  readonly pieces: Pieces<Place>;
  readonly window: Window;
}

/** A quantised weight whose pieces lie in files. */
export type QuantisedSource = Quantisation<FilePiece>;

export const wholeWindow: Window = { row: 0, rowStep: 1, column: 0 };

/** The part of a window that begins `row` rows and `column` columns further on, and has every `step`-th row. */
export function windowWithin(
  window: Window,
  { row = 0, column = 0, step = 1 }: { readonly row?: number; readonly column?: number; readonly step?: number },
): Window {
  const { rowStep } = window;
  return { row: window.row + row * rowStep, rowStep: rowStep * step, column: window.column + column };
}

/** The same pieces, placed otherwise. */
export function mapPieces<From, To>(pieces: Pieces<From>, convert: (piece: From) => To): Pieces<To> {
  const { codes, ...others } = pieces;
  const entries = Object.entries(others).map(([name, piece]) => [name, convert(piece)]);
  return { ...(Object.fromEntries(entries) as Partial<Record<PieceName, To>>), codes: convert(codes) };
}

/** Every number that says how the entries come to be, in a fixed order. */
export function schemeWords(scheme: Scheme): string {
  return Object.entries(scheme)
    .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
    .sort()
    .join(" ");
}
