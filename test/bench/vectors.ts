/**
 * How long singular vectors and their Kolmogorov–Smirnov statistics take, from the file to the numbers: upload, decoding
 * and readback are counted. Beside it PyTorch's SVD (without the statistics) on the same GPU, where `python3` has torch.
 *
 *     npx esbuild test/bench/vectors.ts --bundle --platform=node --format=esm --packages=external --loader:.wgsl=text \
 *       --outfile=dist/bench/vectors.mjs && node dist/bench/vectors.mjs
 */
import { execFile } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { MatrixSource } from "../../server/svd/measurement.ts";
import { openEngine } from "../../server/svd/engine.ts";
import { gaussianMatrix } from "../support/random.ts";
import { encode } from "../support/safetensors.ts";

const work = [
  { title: "32 heads of 128 × 4096", count: 32, rows: 128, columns: 4096 },
  { title: "32 heads of 64 × 2048", count: 32, rows: 64, columns: 2048 },
  { title: "one of 1024 × 1024", count: 1, rows: 1024, columns: 1024 },
  { title: "one of 4096 × 4096", count: 1, rows: 4096, columns: 4096 },
];
const repetitions = 5;

const engine = await openEngine({ adapter: "" });
const { adapter, software } = engine.description;
process.stdout.write(`${adapter}\n`);
const folder = await mkdtemp(join(tmpdir(), "vectors-"));
try {
  for (const { title, count, rows, columns } of work) {
    // A processor would take minutes.
    if (software && rows > 128) continue;
    const sources = await writeMatrices(count, rows, columns);
    let best = Infinity;
    for (let repetition = 0; repetition <= repetitions; repetition++) {
      const begun = performance.now();
      let results = 0;
      await engine.measureVectors(sources, {
        signal: new AbortController().signal,
        onResult: () => {
          results++;
        },
        onUnsupported: (_, message) => {
          throw new Error(message);
        },
      });
      if (results !== count) throw new Error(`${results} results instead of ${count}`);
      // The first compiles the kernels.
      if (repetition > 0) best = Math.min(best, performance.now() - begun);
    }
    const peer = await torchMilliseconds(count, rows, columns);
    const ratio = peer === null ? "" : `, PyTorch ${peer.toFixed(1)} ms, ${(peer / best).toFixed(1)} times as long`;
    process.stdout.write(`${title}: ${best.toFixed(1)} ms${ratio}\n`);
  }
} finally {
  await engine.close();
  await rm(folder, { recursive: true });
}
process.exit(0);

/** Normal entries in BF16, one matrix after another in one file. */
async function writeMatrices(count: number, rows: number, columns: number): Promise<MatrixSource[]> {
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
async function torchMilliseconds(count: number, rows: number, columns: number): Promise<number | null> {
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
