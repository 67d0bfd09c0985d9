/** Turns quantised weights into fp32 on the GPU: the pieces of a weight lie in one buffer, and a kernel a scheme reads them. */
import type { FilePiece, PieceName, QuantisedSource } from "../checkpoint/quantisation.ts";
import { bindBuffers, dispatch, type Kernel } from "../gpu/kernels.ts";
import type { Kernels } from "./kernels.ts";
import { numberFormat } from "./number-format.ts";

/** Where each piece begins in the buffer of all, in bytes. */
export interface PieceLayout {
  readonly places: readonly { readonly name: PieceName; readonly piece: FilePiece; readonly offset: number }[];
  readonly bytes: number;
}

/** Pieces one after the other, each from a whole 64-bit word on. */
export function pieceLayout(pieces: QuantisedSource["pieces"]): PieceLayout {
  let bytes = 0;
  const places = (Object.keys(pieces) as PieceName[]).sort().map((name) => {
    const piece = pieces[name]!;
    const place = { name, piece, offset: bytes };
    bytes += Math.ceil((piece.end - piece.begin) / 8) * 8;
    return place;
  });
  return { places, bytes };
}

/** The same for weights that lie in the same bytes: these are brought over once. */
export function bytesKey(pieces: QuantisedSource["pieces"]): string {
  return pieceLayout(pieces)
    .places.map(({ name, piece: { path, begin, end } }) => `${name} ${begin}-${end} ${path}`)
    .join("\n");
}

/** Workgroups of a dispatch at most; they stride over the entries. */
const workgroups = 1024;
const threads = 64;

/**
 * Encodes the computation of entries [first, first + count) of a matrix with `columns` columns into the start of `values`,
 * as fp32.
 * @param scheme a buffer that {@link schemeParameters} has been written to
 */
export function encodeDequantisation(
  device: GPUDevice,
  kernels: Kernels,
  pass: GPUComputePassEncoder,
  kind: QuantisedSource["scheme"]["kind"],
  { raw, scheme, values }: Readonly<Record<"raw" | "scheme" | "values", GPUBuffer>>,
  first: number,
  count: number,
): void {
  const kernel = kernelOf(kernels, kind);
  const buffers = bindBuffers(device, kernel, [{ buffer: raw }, { buffer: scheme }, { buffer: values }]);
  dispatch(pass, kernel, buffers, [first, count], [Math.min(workgroups, Math.ceil(count / threads))]);
}

function kernelOf(kernels: Kernels, kind: QuantisedSource["scheme"]["kind"]): Kernel {
  switch (kind) {
    case "blocks":
      return kernels.dequantiseBlocks;
    case "groups":
      return kernels.dequantiseGroups;
    case "table":
      return kernels.dequantiseTable;
  }
}

/** Words of the shaders' `Scheme`, at most. */
export const schemeWordCount = 64;
const multiply = 1;
const divide = 2;

/** The words of the shader's `Scheme`, for a matrix with `columns` columns. */
export function schemeParameters(
  { scheme, pieces, window }: QuantisedSource,
  columns: number,
): Uint32Array<ArrayBuffer> {
  const places = new Map(pieceLayout(pieces).places.map((place) => [place.name, place]));
  const piece = (name: PieceName): number[] => {
    const place = places.get(name);
    return place === undefined ? [0, 0, 0, 0, 0] : [place.offset / 4, ...numberFormat(place.piece.format)!.code];
  };
  const has = (name: PieceName): number => (places.has(name) ? 1 : 0);
  const words = [window.row, window.rowStep, window.column, columns, ...piece("codes")];
  switch (scheme.kind) {
    case "blocks": {
      const { pitch, offset, scalePitch, blockRows, blockColumns, zeroRows, factorUse, constant } = scheme;
      words.push(pitch, offset, ...piece("scales"), has("scales") * scalePitch, blockRows, blockColumns);
      words.push(...piece("zeros"), has("zeros") * zeroRows, ...piece("groups"), has("groups"));
      words.push(...piece("factor"), has("factor") * (factorUse === "divide" ? divide : multiply), floatBits(constant));
      break;
    }
    case "groups": {
      const { bits, outputs, packing, groupSize, groupCount, zeroOffset } = scheme;
      words.push(...piece("zeros"), ...piece("scales"), bits, outputs, packing === "inputs" ? 0 : 1);
      words.push(groupSize, groupCount, zeroOffset, ...piece("groups"), has("groups"));
      break;
    }
    case "table": {
      words.push(
        scheme.columns,
        ...piece("table"),
        ...piece("scales"),
        scheme.blockSize,
        scheme.nested?.blockSize ?? 0,
      );
      words.push(...piece("nestedTable"), ...piece("nestedScales"), floatBits(scheme.nested?.offset ?? 0));
      break;
    }
  }
  const parameters = new Uint32Array(schemeWordCount);
  parameters.set(words);
  return parameters;
}

function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}
