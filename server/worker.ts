/**
 * The GPU process. It takes jobs over Node's message channel and answers with analyses; alone with `--self-test` it
 * says in one line of JSON whether this machine can compute, with `--adapters` on what. It exits with its parent.
 */
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { kernelsWork } from "./svd/self-test.ts";
import { openEngine, type Engine } from "./svd/engine.ts";
import { TuningFile } from "./analysis/tuning-file.ts";
import { listAdapters } from "./gpu/adapters.ts";
import { EngineUnavailable } from "./gpu/device.ts";
import type { Adapters, EngineStatus } from "./protocol.ts";
import { spectrumMetrics } from "./spectrum/compute-metrics.ts";
import { noiseMetrics } from "./spectrum/noise-metrics.ts";
import { isShuffled, noiseTests } from "./spectrum/noise-tests.ts";
import { shuffleTest, shuffleTestEntries } from "./statistics/shuffle-test.ts";
import { withDrawnMatrix } from "./svd/drawn-matrix.ts";
import type { MatrixSource, Measurement } from "./svd/measurement.ts";
import { deviceLostCode } from "./worker-protocol.ts";
import type { Analysis, FromWorker, Job, ToWorker, VectorMeasurement } from "./worker-protocol.ts";
import { loadTexts, said, type Spoken } from "./text/l10n.ts";

let engine: Engine | null = null;
const aborts = new Map<number, AbortController>();

if (process.argv.includes("--self-test")) {
  await listen();
  const adapter = process.argv.find((argument) => argument.startsWith("--adapter="))?.slice("--adapter=".length) ?? "";
  process.stdout.write(`${JSON.stringify(await kernelsWork(adapter))}\n`, () => process.exit(0));
} else if (process.argv.includes("--adapters")) {
  await listen();
  process.stdout.write(`${JSON.stringify(await adapters())}\n`, () => process.exit(0));
} else {
  process.on("message", (message: ToWorker) => {
    receive(message);
  });
  process.on("disconnect", () => process.exit(0));
  setInterval(() => {
    // A parent that was killed while this process was starting told nobody.
    if (!process.connected) process.exit(0);
    send({ type: "alive" });
  }, 1000);
}

/** With `--spoken`, the parent hands the language of what is told, and its texts, to the standard input. */
async function listen(): Promise<void> {
  if (process.argv.includes("--spoken")) loadTexts(JSON.parse(await text(process.stdin)) as Spoken);
}

async function adapters(): Promise<Adapters> {
  try {
    return { adapters: await listAdapters(), problem: null };
  } catch (error) {
    if (error instanceof EngineUnavailable) return { adapters: [], problem: `${error.message} ${error.remedy}` };
    throw error;
  }
}

function receive(message: ToWorker): void {
  switch (message.type) {
    case "start":
      loadTexts(message.spoken);
      void start(message);
      break;
    case "cancel":
      aborts.get(message.id)?.abort(new Error("cancelled"));
      break;
    case "job": {
      const { job } = message;
      const abort = new AbortController();
      aborts.set(job.id, abort);
      // The engine takes the jobs in the order they came, and reads the next one while it computes.
      void run(job, abort.signal).finally(() => aborts.delete(job.id));
      break;
    }
  }
}

async function start({ adapter, memoryBytes, cacheFolder }: Extract<ToWorker, { type: "start" }>): Promise<void> {
  const status: EngineStatus = {
    phase: "starting",
    adapter: null,
    backend: null,
    software: false,
    message: null,
    remedy: null,
  };
  try {
    engine = await openEngine({
      adapter,
      ...(memoryBytes > 0 ? { memoryBytes } : {}),
      ...(cacheFolder === null ? {} : { tuning: new TuningFile(cacheFolder) }),
    });
    send({ type: "engine", engine: { ...status, phase: "ready", ...engine.description } });
    void engine.lost.then((reason) => {
      process.stderr.write(`${reason}\n`);
      // A new process gets a new device; the parent sees to both.
      const end = (): never => process.exit(deviceLostCode);
      if (process.connected) process.send?.({ type: "lost", reason } satisfies FromWorker, end);
      else end();
    });
  } catch (error) {
    const remedy = error instanceof EngineUnavailable ? error.remedy : null;
    const message = error instanceof Error ? error.message : String(error);
    send({ type: "engine", engine: { ...status, phase: "unavailable", message, remedy } });
    // Nothing can be done with this process any more; the next attempt is a new one.
    await setTimeout(100);
    process.exit(0);
  }
}

async function run(job: Job, signal: AbortSignal): Promise<void> {
  try {
    if (engine === null) {
      throw new Error("the GPU is not open");
    }
    await perform(engine, job, signal);
    send({ type: "done", id: job.id, outcome: "complete" });
  } catch (error) {
    if (signal.aborted) {
      send({ type: "done", id: job.id, outcome: "cancelled" });
    } else {
      const message = said(error instanceof Error ? error.message : String(error));
      // A lost device fails the job too, and ends this process: let that speak first.
      await setTimeout(200);
      send({ type: "failed", id: job.id, message });
    }
  }
}

async function perform(opened: Engine, job: Job, signal: AbortSignal): Promise<void> {
  switch (job.kind) {
    case "matrices":
      await measureMatrices(opened, job, signal);
      break;
    case "products":
      await measureProducts(opened, job, signal);
      break;
    case "draw":
      await withDrawnMatrix(job.draw, signal, (source) =>
        measureMatrices(opened, { id: job.id, kind: "matrices", sources: [source], vectors: false }, signal),
      );
      break;
  }
}

type JobOf<Kind extends Job["kind"]> = Extract<Job, { readonly kind: Kind }>;

async function measureProducts(
  opened: Engine,
  { id, products }: JobOf<"products">,
  signal: AbortSignal,
): Promise<void> {
  await opened.measureProducts(products, {
    signal,
    onResult: (index, measurement) => {
      send({ type: "product", id, index, measurement });
    },
    onUnsupported: (index, message) => {
      send({ type: "unsupported", id, index, message: said(message), shortOfMemory: false });
    },
  });
}

async function measureMatrices(opened: Engine, job: JobOf<"matrices">, signal: AbortSignal): Promise<void> {
  // What needs a second look: small matrices the exact test, all of them their vectors where those are wanted.
  const unfinished: { readonly index: number; readonly measurement: Measurement }[] = [];
  await opened.measure(job.sources, {
    signal,
    onResult: (index, measurement) => {
      const source = job.sources[index]!;
      const finite = measurement.entries.nonFinite === 0;
      if (finite && (job.vectors || isShuffled(source))) {
        unfinished.push({ index, measurement });
      } else {
        send({
          type: "result",
          id: job.id,
          index,
          analysis: analyse(source, measurement, job.vectors ? none : null),
        });
      }
    },
    onUnsupported: (index, message, shortOfMemory = false) => {
      send({ type: "unsupported", id: job.id, index, message: said(message), shortOfMemory });
    },
  });
  const vectors = job.vectors ? await measureVectors(opened, job, unfinished, signal) : null;
  for (const [place, { index, measurement }] of unfinished.entries()) {
    signal.throwIfAborted();
    const source = job.sources[index]!;
    const whole = isShuffled(source) ? await withShuffleTest(opened, source, measurement) : measurement;
    const analysis = analyse(source, whole, vectors === null ? null : (vectors.get(place) ?? none));
    send({ type: "result", id: job.id, index, analysis });
  }
}

/** No vector can be told of. */
const none: VectorMeasurement = {
  left: new Float32Array(),
  right: new Float32Array(),
  leftLargest: new Float32Array(),
  rightLargest: new Float32Array(),
  leftParticipation: new Float32Array(),
  rightParticipation: new Float32Array(),
};

/** The vectors of some matrices of a job, by their place among them. What cannot be had is left out, and logged. */
async function measureVectors(
  opened: Engine,
  job: JobOf<"matrices">,
  wanted: readonly { readonly index: number }[],
  signal: AbortSignal,
): Promise<Map<number, VectorMeasurement>> {
  const found = new Map<number, VectorMeasurement>();
  const sources = wanted.map(({ index }) => job.sources[index]!);
  await opened.measureVectors(sources, {
    signal,
    onResult: (place, { left, right, localisation }) => {
      found.set(place, {
        left: Float32Array.from(left),
        right: Float32Array.from(right),
        leftLargest: Float32Array.from(localisation.left.largest),
        rightLargest: Float32Array.from(localisation.right.largest),
        leftParticipation: Float32Array.from(localisation.left.inverseParticipation),
        rightParticipation: Float32Array.from(localisation.right.inverseParticipation),
      });
    },
    onUnsupported: (place, message) => {
      process.stderr.write(
        `singular vectors of bytes ${sources[place]!.begin} on of ${sources[place]!.path}: ${message}\n`,
      );
    },
  });
  return found;
}

async function withShuffleTest(opened: Engine, source: MatrixSource, measurement: Measurement): Promise<Measurement> {
  const { entries, rows, columns } = await opened.readEntries(source, shuffleTestEntries);
  return { ...measurement, shuffle: shuffleTest(entries, rows, columns) };
}

function analyse(shape: MatrixSource, measurement: Measurement, vectors: Analysis["vectors"]): Analysis {
  const metrics = spectrumMetrics(measurement.singularValues, shape, measurement.entries);
  return {
    measurement,
    metrics,
    noise: noiseMetrics(shape, metrics.sigmaEntries ?? 0),
    tests: noiseTests(measurement, shape),
    vectors,
    engine: engine!.description,
  };
}

function send(message: FromWorker): void {
  if (process.connected) {
    process.send?.(message);
  }
}
