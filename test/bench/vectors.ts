/**
 * How long singular vectors and their Kolmogorov–Smirnov statistics take, from the file to the numbers: upload, decoding
 * and readback are counted. Beside it PyTorch's SVD (without the statistics) on the same GPU, where `python3` has torch,
 * and how long each kernel keeps the GPU busy. `npm run bench:vectors [-- SHAPE…]`, a shape being `ROWSxCOLUMNS[*COUNT]`.
 */
import { execFile } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openDevice, type Gpu } from "../../server/gpu/device.ts";
import { compileKernels } from "../../server/svd/kernels.ts";
import { MatrixLoader } from "../../server/svd/matrix-loader.ts";
import type { MatrixSource } from "../../server/svd/measurement.ts";
import { VectorEngine } from "../../server/svd/vector-engine.ts";
import { gaussianMatrix } from "../support/random.ts";
import { encode } from "../support/safetensors.ts";
import { bestTime } from "./best-time.ts";
import { KernelTimes } from "./kernel-times.ts";
import { report } from "./report.ts";
import { parseShape, type BenchShape } from "./shape.ts";

const defaults = ["128x4096*32", "64x2048*32", "1024x1024", "4096x4096"];

const gpu = await openDevice("");
const engine = await openEngine(gpu);
const { adapter, software } = gpu.description;
process.stdout.write(`${adapter}\n`);
const folder = await mkdtemp(join(tmpdir(), "vectors-"));
try {
  // A processor would take minutes.
  const rows = (process.argv.length > 2 ? process.argv.slice(2) : defaults)
    .map(parseShape)
    .filter(({ rows }) => !software || process.argv.length > 2 || rows <= 128);
  for (const row of rows) {
    const { rows, columns, count } = row;
    const sources = await writeMatrices(row);
    // The first run compiles the kernels.
    const best = await bestTime(() => measure(engine, sources));
    const peer = await torchMilliseconds(row);
    await report({ work: `vectors of ${rows}×${columns}, all ${count}`, milliseconds: best, peer });
    const ratio = peer === null ? "" : `, PyTorch ${peer.toFixed(1)} ms, ${(peer / best).toFixed(1)} times as long`;
    process.stdout.write(`${count} of ${rows} × ${columns}: ${best.toFixed(1)} ms${ratio}\n`);
  }
  gpu.close();
  // Alone: two devices wait for one another. Dawn rounds timestamps for the sake of web pages.
  const watched = await openDevice("", { dawn: ["disable-dawn-features=timestamp_quantization"] });
  const watchedEngine = await openEngine(watched);
  const times = new KernelTimes(watched.device);
  for (const row of rows) {
    process.stdout.write(`${row.count} of ${row.rows} × ${row.columns}, kernel by kernel:\n`);
    const sources = await writeMatrices(row);
    await bestTime(() => measure(watchedEngine, sources));
    await times.take();
    await measure(watchedEngine, sources);
    for (const { name, dispatches, milliseconds } of await times.take()) {
      const each = ((1000 * milliseconds) / dispatches).toFixed(1);
      process.stdout.write(`  ${milliseconds.toFixed(2).padStart(8)} ms ${name}: ${dispatches} of ${each} µs\n`);
    }
  }
  watched.close();
} finally {
  await rm(folder, { recursive: true });
}
process.exit(0);

async function openEngine(opened: Gpu): Promise<VectorEngine> {
  const kernels = await compileKernels(opened.device, opened.target);
  return new VectorEngine(opened, new MatrixLoader(opened.device, kernels, opened.description.software));
}

async function measure(opened: VectorEngine, sources: readonly MatrixSource[]): Promise<void> {
  let results = 0;
  await opened.measure(sources, {
    signal: new AbortController().signal,
    onResult: () => {
      results++;
    },
    onUnsupported: (_, message) => {
      throw new Error(message);
    },
  });
  if (results !== sources.length) throw new Error(`${results} results instead of ${sources.length}`);
}

/** Normal entries in BF16, one matrix after another in one file. */
async function writeMatrices({ rows, columns, count }: BenchShape): Promise<MatrixSource[]> {
  const path = join(folder, `${count}-${rows}-${columns}`);
  const file = await open(path, "w");
  const sources: MatrixSource[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = encode(gaussianMatrix(rows, columns, i + 1), "BF16");
    const begin = i * bytes.length;
    await file.write(bytes, 0, bytes.length, begin);
    sources.push({ path, begin, end: begin + bytes.length, dtype: "BF16", rows, columns });
  }
  await file.close();
  return sources;
}

/** The best of PyTorch's exact drivers; null where there is no PyTorch with a GPU. */
async function torchMilliseconds({ rows, columns, count }: BenchShape): Promise<number | null> {
  const program = `
import time, torch
a = torch.randn(${count === 1 ? "" : `${count}, `}${rows}, ${columns}, device="cuda")
best = float("inf")
for driver in (None, "gesvdj"${count === 1 ? ', "gesvd"' : ""}):
    for repetition in range(3):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        torch.linalg.svd(a, full_matrices=False, driver=driver)
        torch.cuda.synchronize()
        if repetition > 0: best = min(best, time.perf_counter() - begun)
print(best * 1000)
`;
  const ran = await promisify(execFile)("python3", ["-c", program]).catch(() => null);
  return ran === null ? null : Number(ran.stdout);
}
