import { cp, mkdtemp, open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openCheckpoint } from "../../server/checkpoint/open.ts";
import { seededRandom } from "../../server/statistics/random.ts";
import { encode } from "./safetensors.ts";

/** The sample checkpoints of the project. Tests run from its root. */
export const samples = resolve("samples");
export const sampleIndex = join(samples, "tiny-llama", "model.safetensors.index.json");

/** A copy of the sharded sample in a temporary folder. @returns the path of its index. */
export async function copySample(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "spectrum-sample-"));
  await cp(join(samples, "tiny-llama"), folder, { recursive: true });
  return join(folder, "model.safetensors.index.json");
}

/**
 * Overwrites every matrix of a block with what the model's initialiser would have drawn: N(0, 0.02²) in BF16.
 * @returns the names of the matrices.
 */
export async function reinitialise(index: string, block: string): Promise<string[]> {
  const checkpoint = await openCheckpoint(index);
  const random = seededRandom(20260101);
  const names: string[] = [];
  for (const tensor of checkpoint.tensors) {
    if (tensor.name.startsWith(`${block}.`) && tensor.shape.length === 2) {
      const count = tensor.shape[0]! * tensor.shape[1]!;
      const values = Float64Array.from({ length: count }, () => 0.02 * random.normal());
      await overwrite(checkpoint.files[tensor.file]!.path, encode(values, "BF16"), tensor.begin);
      names.push(tensor.name);
    }
  }
  return names;
}

/** Writes bytes into a file at a place. */
export async function overwrite(path: string, bytes: Uint8Array, position: number): Promise<void> {
  const handle = await open(path, "r+");
  await handle.write(bytes, 0, bytes.length, position);
  await handle.close();
}

/** The parsed weight map of an index. */
export async function weightMap(index: string): Promise<Record<string, string>> {
  return (JSON.parse(await readFile(index, "utf8")) as { weight_map: Record<string, string> }).weight_map;
}
