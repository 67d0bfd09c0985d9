import type { Target } from "../gpu/device.ts";
import { unroll } from "../gpu/unroll.ts";
import source from "../../shaders/tile-product.wgsl";

/** Tiles of matrix products, see shaders/tile-product.wgsl: `separate` sums for products of any length. */
export function tileProduct({ separate }: { readonly separate: boolean }): string {
  return `const SEPARATE = ${String(separate)};\n${source}`;
}

/** The loops of tiles unrolled, but for processors, whose compilers take minutes then and gain nothing. */
export function forTarget(source: string, { fused }: Pick<Target, "fused">): string {
  return fused ? unroll(source, "STEP", 16) : source;
}
