/** A checkpoint whose analysis is as long as a test needs it to be. */
import { mkdtemp, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../server/statistics/random.ts";
import { encode } from "./safetensors.ts";

/** Rows and columns of the matrices that are computed at once, and of those that take long. */
const smallShape = [96, 64] as const;
const largeShape = [2048, 2048] as const;

/** More of the large matrices than any adapter computes while a test runs. */
export const endless = 4000;

/**
 * Writes one file of blocks with one matrix each, in F32: first small ones of noise, N(0, 0.02²), whose seed is fixed,
 * then large ones of zeros, which take no room on the disk.
 * @returns its path; the folder has nothing else in it
 */
export async function makeCheckpoint({ small = 0, large = 0 }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "spectrum-made-"));
  const path = join(folder, "model.safetensors");
  const header: Record<string, unknown> = {};
  let end = 0;
  for (let layer = 0; layer < small + large; layer++) {
    const shape = layer < small ? smallShape : largeShape;
    const begin = end;
    end += 4 * shape[0] * shape[1];
    header[madeMatrix(layer)] = { dtype: "F32", shape, data_offsets: [begin, end] };
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(8 * Math.ceil(json.length / 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const random = seededRandom(20260401);
  const noise = Float64Array.from({ length: small * smallShape[0] * smallShape[1] }, () => 0.02 * random.normal());
  const handle = await open(path, "wx");
  try {
    await handle.write(Buffer.concat([length, text, encode(noise, "F32")]));
    await handle.truncate(length.length + text.length + end);
  } finally {
    await handle.close();
  }
  return path;
}

/** The name of the matrix of a block. */
export function madeMatrix(layer: number): string {
  return `model.layers.${layer}.mlp.down_proj.weight`;
}
