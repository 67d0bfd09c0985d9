/**
 * How long the engine takes for singular values, file to result, beside PyTorch on the same GPU where `python3` has it, and
 * how far the values of both are from float64. `npm run bench:gpu [-- SHAPE…]`, a shape being `ROWSxCOLUMNS[*COUNT]`.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openEngine, type Engine } from "../../server/svd/engine.ts";
import type { MatrixSource } from "../../server/svd/measurement.ts";
import { bestTime } from "./best-time.ts";
import { writeMatrices } from "./matrices.ts";
import { report } from "./report.ts";
import { parseShape, type BenchShape } from "./shape.ts";

const defaults = [
  "1024x1024",
  "2048x2048",
  "4096x4096",
  "4096x4096*8",
  "8192x8192",
  "14336x4096",
  "1024x4096",
  "1024x4096*8",
];

async function measure(engine: Engine, sources: readonly MatrixSource[]): Promise<Float64Array[]> {
  const values: Float64Array[] = [];
  await engine.measure(sources, {
    signal: new AbortController().signal,
    onResult: (index, { singularValues }) => (values[index] = singularValues),
    onUnsupported: (_, message) => {
      throw new Error(message);
    },
  });
  return values;
}

interface Peer {
  readonly device: string;
  readonly milliseconds: number;
  readonly error: number;
}

/** Runs test/bench/peer.py over the first matrix of a file; null where there is no PyTorch. It leaves float64's values. */
async function peer(path: string, { rows, columns }: BenchShape): Promise<Peer | null> {
  const child = spawn("python3", ["test/bench/peer.py", path, String(rows), String(columns)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.on("error", () => undefined);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("{")) return JSON.parse(line) as Peer;
  }
  return null;
}

function relativeError(values: Float64Array, expected: Float64Array): number {
  return values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!)), 0) / expected[0]!;
}

const cell = (text: string): string => text.padStart(12);
const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;

const rows = (process.argv.length > 2 ? process.argv.slice(2) : defaults).map(parseShape);
const engine = await openEngine({ adapter: "" });
const folder = await mkdtemp(join(tmpdir(), "bench-"));
try {
  console.log(`${engine.description.adapter} (${engine.description.backend})`);
  console.log(["matrices", "each", "PyTorch", "ratio", "error", "its error"].map(cell).join(""));
  for (const row of rows) {
    const path = join(folder, "matrices");
    const sources = await writeMatrices(path, row);
    const each = (await bestTime(() => measure(engine, sources))) / row.count;
    const other = await peer(path, row);
    const work = `${row.rows}×${row.columns}${row.count > 1 ? `, ${row.count}` : ""}`;
    await report({ work: `values of ${work}`, milliseconds: each, peer: other?.milliseconds ?? null });
    const cells = [
      work,
      milliseconds(each),
      ...(other === null
        ? ["–", "–"]
        : [milliseconds(other.milliseconds), `${(other.milliseconds / each).toFixed(1)}×`]),
    ];
    if (other !== null) {
      const [values] = await measure(engine, sources.slice(0, 1));
      const expected = new Float64Array((await readFile(`${path}.values`)).buffer);
      cells.push(relativeError(values!, expected).toExponential(1), other.error.toExponential(1));
    }
    console.log(cells.map(cell).join(""));
  }
} finally {
  await engine.close();
  await rm(folder, { recursive: true });
}
process.exit(0);
