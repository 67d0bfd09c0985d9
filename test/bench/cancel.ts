/**
 * How long it takes until work stops after it was cancelled, and until the GPU has done something else: large matrices,
 * batches and vectors, cancelled at random moments. `npm run bench:cancel [-- SHAPE…]`, a shape being
 * `ROWSxCOLUMNS[*COUNT][+vectors]`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine, type Engine } from "../../server/svd/engine.ts";
import type { MatrixSource } from "../../server/svd/measurement.ts";
import { writeMatrices } from "./matrices.ts";
import { report } from "./report.ts";
import { parseShape } from "./shape.ts";

const defaults = [
  "8192x8192",
  "4096x4096*15",
  "14336x4096*4",
  "1024x4096*100",
  "128x4096*32+vectors",
  "4096x4096+vectors",
];
const trials = 20;
/** What cancelling may take, in milliseconds. */
const allowed = 200;

async function measure(
  engine: Engine,
  sources: readonly MatrixSource[],
  vectors: boolean,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    signal,
    onResult: () => undefined,
    onUnsupported: (_: number, message: string) => {
      throw new Error(message);
    },
  };
  await (vectors ? engine.measureVectors(sources, options) : engine.measure(sources, options));
}

const engine = await openEngine({ adapter: "" });
const folder = await mkdtemp(join(tmpdir(), "cancel-"));
const never = new AbortController().signal;
try {
  const small = await writeMatrices(join(folder, "small"), { rows: 64, columns: 64, count: 1 });
  await measure(engine, small, false, never);
  for (const text of process.argv.length > 2 ? process.argv.slice(2) : defaults) {
    const [shape = "", kind] = text.split("+");
    const sources = await writeMatrices(join(folder, "matrices"), parseShape(shape));
    const vectors = kind !== undefined;
    await measure(engine, sources, vectors, never);
    const begun = performance.now();
    await measure(engine, sources, vectors, never);
    const whole = performance.now() - begun;
    const stopped: number[] = [];
    const free: number[] = [];
    for (let trial = 0; trial < trials; trial++) {
      const abort = new AbortController();
      let cancelled = Infinity;
      const timer = setTimeout(
        () => {
          cancelled = performance.now();
          abort.abort(new Error("cancelled"));
        },
        whole * ((trial + Math.random()) / trials),
      );
      const ended = await measure(engine, sources, vectors, abort.signal).then(
        () => false,
        () => true,
      );
      clearTimeout(timer);
      // It was quicker this time.
      if (!ended) continue;
      stopped.push(performance.now() - cancelled);
      await measure(engine, small, false, never);
      free.push(performance.now() - cancelled);
    }
    const worst = (times: readonly number[]): number => Math.max(0, ...times);
    console.log(
      `${text}, ${whole.toFixed(0)} ms in all: stopped after ${worst(stopped).toFixed(1)} ms at most, ` +
        `something else done after ${worst(free).toFixed(1)} ms (${stopped.length} times)`,
    );
    await report({ work: `${text} cancelled, worst`, milliseconds: worst(free), note: `${allowed} ms allowed` });
  }
} finally {
  await engine.close();
  await rm(folder, { recursive: true });
}
process.exit(0);
