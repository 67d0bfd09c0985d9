/**
 * How long the command line takes for a whole checkpoint, start to JSON, beside PyTorch's time for the singular values of the
 * same matrices on the same GPU where `python3` has it. The checkpoint is shaped like Llama 3 8B, in BF16, and made for it in a
 * temporary folder. `npm run bench:checkpoint [-- [LAYERS] [OPTION…]]`: so many layers instead of 32, 32 of which are 16 GB;
 * `--hidden N` for narrower ones; everything else goes to the command line, such as `--heads`.
 */
import { spawn } from "node:child_process";
import { mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { report } from "./report.ts";

/** Bytes of a shard at most. */
const shardBytes = 5e9;
/** Random numbers, from which every matrix takes a stretch of its own, in bytes: a prime number of entries. */
const poolEntries = 33_554_393;

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
}

function llama(layers: number, hidden: number): Tensor[] {
  const [kv, intermediate, vocabulary] = [hidden / 4, 3.5 * hidden, 31.3125 * hidden];
  const block = (layer: number): Tensor[] =>
    Object.entries({
      "self_attn.q_proj": [hidden, hidden],
      "self_attn.k_proj": [kv, hidden],
      "self_attn.v_proj": [kv, hidden],
      "self_attn.o_proj": [hidden, hidden],
      "mlp.gate_proj": [intermediate, hidden],
      "mlp.up_proj": [intermediate, hidden],
      "mlp.down_proj": [hidden, intermediate],
      input_layernorm: [hidden],
      post_attention_layernorm: [hidden],
    }).map(([name, shape]) => ({ name: `model.layers.${layer}.${name}.weight`, shape }));
  return [
    { name: "model.embed_tokens.weight", shape: [vocabulary, hidden] },
    ...Array.from({ length: layers }, (_, layer) => block(layer)).flat(),
    { name: "model.norm.weight", shape: [hidden] },
    { name: "lm_head.weight", shape: [vocabulary, hidden] },
  ];
}

/** Normal numbers as BF16 (the sum of three uniform ones is near enough). */
function randomPool(): Uint8Array {
  const words = new Uint16Array(poolEntries);
  const number = new Float32Array(1);
  const bits = new Uint32Array(number.buffer);
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) | 0) / 2 ** 31;
  for (let i = 0; i < words.length; i++) {
    number[0] = 0.02 * (next() + next() + next());
    words[i] = bits[0]! >>> 16;
  }
  return new Uint8Array(words.buffer);
}

const bytesOf = ({ shape }: Tensor): number => 2 * shape.reduce((product, side) => product * side, 1);

/** Writes the checkpoint: an index, its shards, a config. */
async function writeCheckpoint(folder: string, tensors: readonly Tensor[], hidden: number): Promise<void> {
  const pool = randomPool();
  const shards: Tensor[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    if (bytes > room) {
      shards.push([]);
      room = shardBytes;
    }
    room -= bytes;
    shards.at(-1)!.push(tensor);
  }
  const weightMap: Record<string, string> = {};
  let drawn = 0;
  for (const [number, own] of shards.entries()) {
    const of = (value: number): string => String(value).padStart(5, "0");
    const name = `model-${of(number + 1)}-of-${of(shards.length)}.safetensors`;
    let end = 0;
    const entries = own.map((tensor) => {
      const begin = end;
      end += bytesOf(tensor);
      weightMap[tensor.name] = name;
      return [tensor.name, { dtype: "BF16", shape: tensor.shape, data_offsets: [begin, end] }] as const;
    });
    const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const file = await open(join(folder, name), "w");
    await file.write(Buffer.concat([length, header]));
    for (const tensor of own) {
      for (let left = bytesOf(tensor); left > 0;) {
        const from = (2 * drawn) % pool.length;
        const { bytesWritten } = await file.write(pool, from, Math.min(left, pool.length - from));
        left -= bytesWritten;
        drawn += bytesWritten / 2;
      }
    }
    await file.close();
  }
  await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: weightMap }));
  const config = {
    model_type: "llama",
    hidden_size: hidden,
    num_attention_heads: hidden / 128,
    num_key_value_heads: hidden / 512,
    head_dim: 128,
    initializer_range: 0.02,
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
}

interface Run {
  readonly seconds: number;
  readonly status: number | null;
  /** Bytes of resident memory at most, of the command line and of its GPU process. */
  readonly memory: readonly [main: number, gpu: number];
}

async function runCommandLine(options: readonly string[], output: string): Promise<Run> {
  const begun = performance.now();
  const child = spawn(process.execPath, ["dist/server/cli.mjs", ...options, "--output", output], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const peaks = new Map<number, number>();
  const watch = setInterval(() => {
    void residentPeaks(child.pid!).then((found) => {
      for (const [id, bytes] of found) peaks.set(id, bytes);
    });
  }, 100);
  const status = await new Promise<number | null>((resolve) => child.on("exit", resolve));
  clearInterval(watch);
  const main = peaks.get(child.pid!) ?? 0;
  peaks.delete(child.pid!);
  return { seconds: (performance.now() - begun) / 1000, status, memory: [main, Math.max(0, ...peaks.values())] };
}

/** Peak resident memory of a process and its children so far, in bytes; nothing where there is no /proc. */
async function residentPeaks(id: number): Promise<[number, number][]> {
  const children = await readFile(`/proc/${id}/task/${id}/children`, "utf8").catch(() => "");
  const ids = [id, ...children.trim().split(" ").filter(Boolean).map(Number)];
  const peaks: [number, number][] = [];
  for (const each of ids) {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${each}/status`, "utf8").catch(() => ""));
    if (match !== null) peaks.push([each, Number(match[1]) * 1024]);
  }
  return peaks;
}

/** PyTorch's best milliseconds for a matrix of each shape, by `ROWSxCOLUMNS`; null where there is none. */
async function peerTimes(folder: string, shapes: readonly string[]): Promise<Map<string, number> | null> {
  const times = new Map<string, number>();
  const pool = join(folder, "pool");
  await writeFile(pool, randomPool());
  for (const shape of shapes) {
    const [rows, columns] = shape.split("x").map(Number);
    // A matrix beyond the pool begins again.
    const file = await open(pool, "a");
    const bytes = await readFile(pool);
    for (let size = bytes.length; size < 2 * rows! * columns!; size += bytes.length) await file.write(bytes);
    await file.close();
    const child = spawn("python3", ["test/bench/peer.py", pool, String(rows), String(columns), "--time-only"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    child.on("error", () => undefined);
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith("{")) times.set(shape, (JSON.parse(line) as { milliseconds: number }).milliseconds);
    }
    if (!times.has(shape)) return null;
  }
  return times;
}

function parse(argv: readonly string[]): { layers: number; hidden: number; options: string[] } {
  const options = [...argv];
  const layers = /^\d+$/.test(options[0] ?? "") ? Number(options.shift()) : 32;
  const place = options.indexOf("--hidden");
  const hidden = place < 0 ? 4096 : Number(options.splice(place, 2)[1]);
  if (!(layers > 0) || !(hidden > 0) || hidden % 512 !== 0) throw new Error("--hidden takes a multiple of 512.");
  return { layers, hidden, options };
}

const { layers, hidden, options } = parse(process.argv.slice(2));
const folder = await mkdtemp(join(tmpdir(), "bench-checkpoint-"));
try {
  const tensors = llama(layers, hidden);
  const matrices = tensors.filter(({ shape }) => shape.length === 2);
  const gigabytes = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0) / 1e9;
  console.log(`${matrices.length} matrices, ${gigabytes.toFixed(1)} GB; making them …`);
  await writeCheckpoint(folder, tensors, hidden);
  const output = join(folder, "results.json");
  const run = await runCommandLine([folder, "--format", "json", "--no-cache", ...options], output);
  if (run.status === null || run.status > 1) throw new Error(`the command line ended with ${run.status}`);
  const { size } = await stat(output);
  const rate = (amount: number): string => (amount / run.seconds).toFixed(1);
  const [main, gpu] = run.memory.map((bytes) => `${Math.round(bytes / 2 ** 20)} MiB`);
  console.log(`${run.seconds.toFixed(2)} s, ${rate(gigabytes)} GB/s, ${rate(matrices.length)} matrices/s`);
  console.log(`peak memory: command line ${main}, GPU process ${gpu}; ${(size / 1e6).toFixed(1)} MB of JSON`);
  const shapes = new Map<string, number>();
  for (const { shape } of matrices) shapes.set(shape.join("x"), (shapes.get(shape.join("x")) ?? 0) + 1);
  const times = await peerTimes(folder, [...shapes.keys()]);
  const peer = times === null ? null : [...shapes].reduce((sum, [shape, count]) => sum + count * times.get(shape)!, 0);
  await report({ work: `checkpoint of ${gigabytes.toFixed(1)} GB`, milliseconds: 1000 * run.seconds, peer });
  if (times === null) {
    console.log("There is no PyTorch to compare with.");
  } else {
    const seconds = peer! / 1000;
    const each = [...times].map(([shape, time]) => `${shape} ${time.toFixed(0)} ms`).join(", ");
    console.log(
      `PyTorch, singular values alone: ${seconds.toFixed(1)} s (${each}), ${(seconds / run.seconds).toFixed(1)}×`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
