/** What a graphics card is still given once a computation was cancelled: nothing, whenever that was. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openDevice } from "../../server/gpu/device.ts";
import { createEngine, type Engine, type EngineOptions } from "../../server/svd/engine.ts";
import type { MatrixSource } from "../../server/svd/measurement.ts";
import { writeMatrices } from "../bench/matrices.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "cancel-"));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Work = (engine: Engine, sources: readonly MatrixSource[], signal: AbortSignal) => Promise<void>;

const silent = {
  onResult: () => undefined,
  onUnsupported: (_: number, message: string): void => assert.fail(message),
};
const values: Work = (engine, sources, signal) => engine.measure(sources, { signal, ...silent });
const vectors: Work = (engine, sources, signal) => engine.measureVectors(sources, { signal, ...silent });
/** Of each matrix with itself: W·Wᵀ. */
const products: Work = (engine, sources, signal) =>
  engine.measureProducts(
    sources.map((source) => ({ left: { source, shared: "columns" }, right: { source, shared: "columns" } })),
    { signal, ...silent },
  );

/** Cancels work at some of its submits, each time anew, and counts the compute passes that are begun after that. */
async function cancelThroughout(
  work: Work,
  shape: { readonly rows: number; readonly columns: number; readonly count: number },
  options: Omit<EngineOptions, "adapter"> = {},
): Promise<void> {
  const gpu = await openDevice("");
  const { device } = gpu;
  let submits = 0;
  let onSubmit: () => void = () => undefined;
  const submit = device.queue.submit.bind(device.queue);
  device.queue.submit = (commands) => {
    submits += 1;
    submit(commands);
    onSubmit();
  };
  let passes = 0;
  const createEncoder = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    const encoder = createEncoder(descriptor);
    const begin = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (pass) => {
      passes += 1;
      return begin(pass);
    };
    return encoder;
  };
  const engine = await createEngine(gpu, options);
  try {
    const sources = await writeMatrices(join(folder, "matrices"), shape);
    submits = 0;
    await work(engine, sources, new AbortController().signal);
    const all = submits;
    let cancelled = 0;
    for (let moment = 0; moment < moments; moment++) {
      const at = 1 + Math.floor((moment * all) / moments);
      const abort = new AbortController();
      const reason = new Error("enough");
      submits = 0;
      onSubmit = () => {
        if (submits !== at) return;
        // As whoever cancels: not in the middle of what is encoded, but before what waits for it goes on.
        queueMicrotask(() => {
          abort.abort(reason);
          passes = 0;
        });
      };
      // Where only results are still to be read back, it may also come to its end.
      await work(engine, sources, abort.signal).catch((error: unknown) => {
        assert.equal(error, reason);
        cancelled += 1;
      });
      if (abort.signal.aborted) assert.equal(passes, 0, `cancelled at submit ${at} of ${all}`);
    }
    assert.ok(cancelled >= moments / 2, `${cancelled} of ${moments} were cancelled`);
  } finally {
    await engine.close();
  }
}

/** How often each kind of work is cancelled. */
const moments = 10;

test("values, in one stage", () =>
  cancelThroughout(values, { rows: 220, columns: 180, count: 4 }, { method: "one-stage" }));
test("values, in two stages", () =>
  cancelThroughout(values, { rows: 220, columns: 180, count: 4 }, { method: "two-stage" }));
test("values, batch after batch", () =>
  cancelThroughout(values, { rows: 300, columns: 160, count: 6 }, { batchBytes: 400_000 }));
test("vectors", () => cancelThroughout(vectors, { rows: 160, columns: 140, count: 3 }));
test("products", () => cancelThroughout(products, { rows: 64, columns: 200, count: 4 }));
