import { unroll } from "../gpu/unroll.ts";
import source from "../../shaders/tile-product.wgsl";

/** Tiles of matrix products, see shaders/tile-product.wgsl: `separate` sums for products of any length. */
export function tileProduct({ separate }: { readonly separate: boolean }): string {
  return `const SEPARATE = ${String(separate)};\n${source}`;
}

/** The loops of tiles unrolled, where that is wanted. */
export function withLoops(source: string, unrolled: boolean): string {
  return unrolled ? unroll(source, "STEP", 16) : source;
}
