/** Runs the engine over matrices given as numbers. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dtype } from "../../server/checkpoint/dtype.ts";
import { openEngine, type Engine, type EngineOptions } from "../../server/svd/engine.ts";
import type { MatrixSource, Measurement } from "../../server/svd/measurement.ts";
import { encode } from "./safetensors.ts";

/** An open engine with a folder for its files. */
export interface TestEngine {
  readonly engine: Engine;
  /** Writes entries to a file of their own, after `offset` bytes of something else. */
  write(
    entries: ArrayLike<number>,
    rows: number,
    columns: number,
    dtype?: Dtype,
    offset?: number,
  ): Promise<MatrixSource>;
  writeBytes(bytes: Uint8Array, rows: number, columns: number, dtype: Dtype, offset?: number): Promise<MatrixSource>;
  /** Measures a batch; a matrix that is unsupported fails the test. */
  measure(sources: readonly MatrixSource[]): Promise<Measurement[]>;
  close(): Promise<void>;
}

export async function openTestEngine(options: Omit<EngineOptions, "adapter"> = {}): Promise<TestEngine> {
  const engine = await openEngine({ adapter: "", ...options });
  const folder = await mkdtemp(join(tmpdir(), "spectrum-"));
  let files = 0;
  const writeBytes: TestEngine["writeBytes"] = async (bytes, rows, columns, dtype, offset = 0) => {
    const path = join(folder, String(files++));
    const around = new Uint8Array(offset + bytes.length + 5).fill(0xff);
    around.set(bytes, offset);
    await writeFile(path, around);
    return { path, begin: offset, end: offset + bytes.length, dtype, rows, columns };
  };
  return {
    engine,
    writeBytes,
    write: (entries, rows, columns, dtype = "F32", offset = 0) =>
      writeBytes(encode(entries, dtype), rows, columns, dtype, offset),
    measure: async (sources) => {
      const results = new Map<number, Measurement>();
      await engine.measure(sources, {
        signal: new AbortController().signal,
        onResult: (index, measurement) => {
          if (results.has(index)) throw new Error(`two results for matrix ${index}`);
          results.set(index, measurement);
        },
        onUnsupported: (index, message) => {
          throw new Error(`matrix ${index} is unsupported: ${message}`);
        },
      });
      return sources.map((_, index) => {
        const measurement = results.get(index);
        if (measurement === undefined) throw new Error(`no result for matrix ${index}`);
        return measurement;
      });
    },
    close: async () => {
      await engine.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The largest |difference| over the largest expected value. */
export function relativeError(values: Float64Array, expected: Float64Array): number {
  if (values.length !== expected.length) throw new Error(`${values.length} values instead of ${expected.length}`);
  const largest = Math.max(expected[0]!, Number.MIN_VALUE);
  return values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!) / largest), 0);
}
