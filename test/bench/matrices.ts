import { open } from "node:fs/promises";
import type { MatrixSource } from "../../server/svd/measurement.ts";
import type { BenchShape } from "./shape.ts";

/** Writes bf16 matrices, uniform in [−1, 1), one after another. */
export async function writeMatrices(path: string, { rows, columns, count }: BenchShape): Promise<MatrixSource[]> {
  const file = await open(path, "w");
  const bytes = 2 * rows * columns;
  let state = 1;
  for (let matrix = 0; matrix < count; matrix++) {
    const words = new Uint16Array(rows * columns);
    const number = new Float32Array(1);
    const bits = new Uint32Array(number.buffer);
    for (let i = 0; i < words.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      number[0] = state / 2 ** 31;
      words[i] = bits[0]! >>> 16;
    }
    await file.write(new Uint8Array(words.buffer));
  }
  await file.close();
  return Array.from({ length: count }, (_, i) => ({
    path,
    begin: i * bytes,
    end: (i + 1) * bytes,
    dtype: "BF16" as const,
    rows,
    columns,
  }));
}
