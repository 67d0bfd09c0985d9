/**
 * Where the time goes between files and results: what the processor and the GPU do when. `npm run bench:timeline
 * [-- [--each] SHAPE…]`, a shape being `ROWSxCOLUMNS[*COUNT][+vectors]`; `--each` tells of everything in its order.
 */
import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PerformanceObserver } from "node:perf_hooks";
import { openDevice } from "../../server/gpu/device.ts";
import { createEngine } from "../../server/svd/engine.ts";
import { writeMatrices } from "./matrices.ts";
import { PassTimes } from "./pass-times.ts";
import { parseShape } from "./shape.ts";

const defaults = ["1024x1024", "4096x4096", "4096x4096*8", "14336x4096", "128x4096*32+vectors"];
/** Runs, and milliseconds in which an idle GPU reaches its clock; the quickest is told of. */
const fewestRuns = 5;
const warmUp = 1500;
/** The GPU's pauses that are told of, in milliseconds. */
const leastPause = 0.25;

/** In milliseconds of `performance.now()`. */
interface Span {
  readonly begin: number;
  readonly end: number;
}

/** When what was done. */
class Lanes {
  readonly all = new Map<string, Span[]>();

  add(lane: string, begin: number, end = performance.now()): void {
    const spans = this.all.get(lane) ?? [];
    this.all.set(lane, spans);
    spans.push({ begin, end });
  }

  /** Notes every call of a method of `object`, until its promise settles if it returns one. */
  watch<Name extends string>(
    lane: string,
    object: Record<Name, (...parameters: never[]) => unknown>,
    name: Name,
    onResult: (result: unknown) => void = () => undefined,
  ): void {
    const own = object[name];
    object[name] = (...parameters: never[]) => {
      const begin = performance.now();
      const result = own.apply(object, parameters);
      if (result instanceof Promise) {
        const note = (): void => {
          this.add(lane, begin);
        };
        result.then(note, note);
      } else {
        this.add(lane, begin);
      }
      onResult(result);
      return result;
    };
  }
}

/** Watches what a device is asked for. */
function watchDevice(lanes: Lanes, device: GPUDevice): void {
  lanes.watch("buffers: created", device, "createBuffer", (result) => {
    const buffer = result as GPUBuffer;
    const lane = (buffer.usage & GPUBufferUsage.MAP_READ) === 0 ? "staging: waits until it is free" : "readback: waits";
    lanes.watch(lane, buffer, "mapAsync");
    lanes.watch("buffers: destroyed", buffer, "destroy");
  });
  lanes.watch("buffers: waits for out-of-memory", device, "popErrorScope");
  lanes.watch("bind groups", device, "createBindGroup");
  lanes.watch("submits", device.queue, "submit");
  lanes.watch("submits: waits until they are done", device.queue, "onSubmittedWorkDone");
  const begin = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    const encoder = begin(descriptor);
    const begun = performance.now();
    const finish = encoder.finish.bind(encoder);
    encoder.finish = (options) => {
      const finished = finish(options);
      lanes.add("encoding", begun);
      return finished;
    };
    return encoder;
  };
}

/** Watches what is read, of files that are opened from now on. */
async function watchReads(lanes: Lanes): Promise<void> {
  const file = await open(process.execPath);
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const read = Object.getOwnPropertyDescriptor(prototype, "read")!.value as FileHandle["read"];
  prototype.read = async function (this: FileHandle, ...parameters: Parameters<FileHandle["read"]>) {
    const begun = performance.now();
    const result = await read.apply(this, parameters);
    lanes.add("reads", begun);
    return result;
  };
}

/** Time in which any of them was going on. */
function union(spans: readonly Span[]): number {
  let total = 0;
  let until = -Infinity;
  for (const { begin, end } of [...spans].sort((a, b) => a.begin - b.begin)) {
    total += Math.max(0, end - Math.max(begin, until));
    until = Math.max(until, end);
  }
  return total;
}

function print(title: string, { begin, end }: Span, lanes: Lanes, passes: readonly Span[]): void {
  const at = (time: number): string => (time - begin).toFixed(2).padStart(8);
  console.log(`${title}: ${(end - begin).toFixed(2)} ms`);
  console.log(`    ${"".padEnd(38)}times   first    last      in all (ms)`);
  for (const [lane, all] of [["GPU computes", passes] as const, ...lanes.all]) {
    const spans = all.filter((span) => span.begin >= begin && span.end <= end);
    if (spans.length === 0) continue;
    const first = Math.min(...spans.map((span) => span.begin));
    const last = Math.max(...spans.map((span) => span.end));
    const times = String(spans.length).padStart(5);
    console.log(`    ${lane.padEnd(38)}${times}${at(first)}${at(last)}    ${union(spans).toFixed(2).padStart(8)}`);
  }
  if (each) {
    const spans = [["GPU computes", passes] as const, ...lanes.all].flatMap(([lane, all]) =>
      all.filter((span) => span.begin >= begin && span.end <= end).map((span) => ({ lane, ...span })),
    );
    for (const span of spans.sort((a, b) => a.begin - b.begin)) {
      console.log(`    ${at(span.begin)} ${at(span.end)}  ${span.lane}`);
    }
  }
  let until = begin;
  const pauses: string[] = [];
  for (const pass of [...passes, { begin: end, end }]) {
    if (pass.begin - until >= leastPause) pauses.push(`${at(until).trim()} to ${at(pass.begin).trim()}`);
    until = Math.max(until, pass.end);
  }
  console.log(`    the GPU computes nothing from ${pauses.join(", ")}`);
}

const shapes = process.argv.slice(2).filter((argument) => argument !== "--each");
const each = process.argv.includes("--each");
// Dawn rounds timestamps for the sake of web pages.
const gpu = await openDevice("", { dawn: ["disable-dawn-features=timestamp_quantization"] });
const passTimes = new PassTimes(gpu.device);
await passTimes.start();
const lanes = new Lanes();
watchDevice(lanes, gpu.device);
await watchReads(lanes);
const collections = new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) {
    lanes.add("garbage is collected", startTime, startTime + duration);
  }
});
collections.observe({ entryTypes: ["gc"] });
const engine = await createEngine(gpu);
const folder = await mkdtemp(join(tmpdir(), "timeline-"));
try {
  console.log(gpu.description.adapter);
  for (const text of shapes.length > 0 ? shapes : defaults) {
    const [shape = "", vectors] = text.split("+");
    const sources = await writeMatrices(join(folder, "matrices"), parseShape(shape));
    let best: (() => void) | null = null;
    let least = Infinity;
    const end = performance.now() + warmUp;
    for (let run = 0; run < fewestRuns || performance.now() < end; run++) {
      lanes.all.clear();
      await passTimes.take();
      const begin = performance.now();
      const options = {
        signal: new AbortController().signal,
        onResult: () => undefined,
        onUnsupported: (_: number, message: string) => {
          throw new Error(message);
        },
      };
      await (vectors === undefined ? engine.measure(sources, options) : engine.measureVectors(sources, options));
      const ended = performance.now();
      if (ended - begin >= least) continue;
      least = ended - begin;
      const passes = await passTimes.take();
      const own = new Lanes();
      for (const [lane, spans] of lanes.all) own.all.set(lane, spans);
      best = () => {
        print(text, { begin, end: ended }, own, passes);
      };
    }
    best?.();
  }
} finally {
  await engine.close();
  await rm(folder, { recursive: true });
}
process.exit(0);
