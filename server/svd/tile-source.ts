import { unroll } from "../gpu/unroll.ts";
import source from "../../shaders/tile-product.wgsl";

/**
 * Tiles of matrix products, see shaders/tile-product.wgsl: `separate` sums for products of any length; 128 columns are
 * quicker than 64 where there are many.
 */
export function tileProduct({ separate, columns = 64 }: TileShape): string {
  return `const SEPARATE = ${String(separate)};\nconst TILE_COLUMNS = ${columns}u;\n${source}`;
}

interface TileShape {
  readonly separate: boolean;
  readonly columns?: 64 | 128;
}

/** The loops of tiles unrolled, where that is wanted. */
export function withLoops(source: string, unrolled: boolean): string {
  return unrolled ? unroll(source, "STEP", 16) : source;
}
