/**
 * Measures the verdict: the share of random matrices that are graded random, by shape, initialiser and dtype, and how
 * weak a structure is still seen. It draws matrices, computes them with the product's own engine, and writes
 * docs/calibration.md (between its marks) and docs/images/calibration.svg:
 *
 *   npm run calibrate [-- --adapter NAME] [--draws 0.1] [--only 32x32]… [--initialiser NAME]… [--results FILE]
 *   npm run calibrate -- --float64 --draws 4 --only 96x64 --results FILE
 *   npm run calibrate -- --render FILE…
 *
 * `--draws` scales the number of draws, `--only` and `--initialiser` pick cells (orthogonal matrices and the power of the
 * test go with the first initialiser); with `--results` the counts are kept instead of rendered, so that cells can be
 * measured side by side. With `--float64` the tests' own float64 decomposition takes the place of the engine, which is
 * quicker for small shapes where there is no graphics card. How much of the noise is called learned is printed by shape.
 * On a processor the large shapes take hours; on a graphics card, minutes.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dtypeBits, type Dtype } from "../../server/checkpoint/dtype.ts";
import { isShuffled } from "../../server/spectrum/noise-tests.ts";
import type { Grade } from "../../server/spectrum/verdict.ts";
import { shuffleTest, shuffleTestEntries } from "../../server/statistics/shuffle-test.ts";
import { openEngine, type Engine } from "../../server/svd/engine.ts";
import type { MatrixSource, Measurement } from "../../server/svd/measurement.ts";
import { measure } from "../support/measure.ts";
import { decode, encode } from "../support/safetensors.ts";
import { normal, uniform } from "../support/random.ts";
import { verdictOf } from "../support/verdict.ts";
import {
  calibrationPage,
  calibrationPicture,
  type Calibration,
  type Cell,
  type HeadCell,
  type PowerPoint,
} from "./calibration-report.ts";

type Shape = readonly [rows: number, columns: number];

const shapes: readonly Shape[] = [
  [8, 64],
  [8, 512],
  [4, 8192],
  [32, 32],
  [32, 128],
  [64, 64],
  [96, 64],
  [384, 64],
  [64, 2048],
  [128, 128],
  [128, 4096],
  [384, 384],
  [256, 1024],
  [1024, 1024],
  [1024, 4096],
];
/** Heads as they lie in a projection: rows of a query's, columns of an output's. */
const heads: readonly { readonly shape: Shape; readonly of: Shape }[] = [
  { shape: [64, 1024], of: [1024, 1024] },
  { shape: [1024, 64], of: [1024, 1024] },
];
const dtypes: readonly Dtype[] = ["F32", "BF16", "F16", "F8_E4M3"];
const powerShapes: readonly Shape[] = [
  [384, 64],
  [256, 1024],
];

/** Entries of a fresh `rows × columns` weight, [out, in]. */
type Initialiser = (shape: Shape, gaussian: () => number, flat: () => number) => Float64Array;

const filled = ([rows, columns]: Shape, next: () => number): Float64Array => {
  const entries = new Float64Array(rows * columns);
  for (let i = 0; i < entries.length; i++) entries[i] = next();
  return entries;
};
const within = (limit: number, flat: () => number) => () => limit * (2 * flat() - 1);

const initialisers: Readonly<Record<string, Initialiser>> = {
  normal: (shape, gaussian) => filled(shape, () => 0.02 * gaussian()),
  "truncated normal": (shape, gaussian) =>
    filled(shape, () => {
      for (;;) {
        const value = gaussian();
        if (Math.abs(value) <= 2) return 0.02 * value;
      }
    }),
  "Kaiming uniform": (shape, _, flat) => filled(shape, within(Math.sqrt(6 / shape[1]), flat)),
  "Xavier uniform": (shape, _, flat) => filled(shape, within(Math.sqrt(6 / (shape[0] + shape[1])), flat)),
  "scaled residual": (shape, gaussian) => filled(shape, () => (0.02 / Math.sqrt(2 * 32)) * gaussian()),
};

/** Noise with something learned in it, of growing strength. */
const structures: readonly {
  readonly kind: PowerPoint["kind"];
  readonly strengths: readonly number[];
  readonly draw: (shape: Shape, strength: number, gaussian: () => number) => Float64Array;
}[] = [
  {
    // One direction, θ in units of the BBP threshold σ(mn)^¼.
    kind: "spike",
    strengths: [0.5, 0.8, 1, 1.2, 1.5, 2, 3],
    draw: (shape, strength, gaussian) =>
      withUpdate(shape, 1, strength * Math.sqrt(Math.sqrt(shape[0] * shape[1])), gaussian),
  },
  {
    // Eight equal directions; the update's Frobenius norm over the noise's.
    kind: "low-rank update",
    strengths: [0.05, 0.1, 0.2, 0.3, 0.5, 0.8],
    draw: (shape, strength, gaussian) =>
      withUpdate(shape, 8, (strength * Math.sqrt(shape[0] * shape[1])) / Math.sqrt(8), gaussian),
  },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    adapter: { type: "string", default: "" },
    float64: { type: "boolean" },
    draws: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    initialiser: { type: "string", multiple: true },
    results: { type: "string" },
    render: { type: "boolean" },
  },
});
const share = Number(values.draws);
if (values.render === true) {
  const parts = await Promise.all(
    positionals.map(async (path) => JSON.parse(await readFile(path, "utf8")) as Calibration),
  );
  await render({
    adapter: parts[0]?.adapter ?? "",
    cells: parts.flatMap(({ cells }) => cells),
    heads: parts.flatMap(({ heads: each }) => each),
    orthogonal: parts.flatMap(({ orthogonal }) => orthogonal),
    power: parts.flatMap(({ power }) => power),
  });
} else {
  const result = await measureAll();
  if (values.results === undefined) await render(result);
  else await writeFile(values.results, JSON.stringify(result));
}

async function render(calibration: Calibration): Promise<void> {
  // Only here: where the counts are kept for later it need not be installed.
  const { format, resolveConfig } = await import("prettier");
  const path = "docs/calibration.md";
  const [before, after] = (await readFile(path, "utf8")).split(/<!-- measured -->[\s\S]*<!-- end of measured -->/);
  const measured = `<!-- measured -->\n\n${calibrationPage(calibration)}\n<!-- end of measured -->`;
  const page = `${before!}${measured}${after ?? ""}`;
  await writeFile(path, await format(page, { ...(await resolveConfig(path)), parser: "markdown" }));
  await writeFile("docs/images/calibration.svg", calibrationPicture(calibration));
}

async function measureAll(): Promise<Calibration> {
  const engine = values.float64 === true ? null : await openEngine({ adapter: values.adapter });
  const folder = await mkdtemp(join(tmpdir(), "calibrate-"));
  const judge = (batch: readonly Float64Array[], whole: Shape, dtype: Dtype, shape = whole): Promise<Grade[]> =>
    judgeAll(engine, folder, batch, { whole, shape, dtype });
  const wanted = (list: readonly Shape[]): readonly Shape[] =>
    list.filter(([rows, columns]) => values.only?.includes(`${rows}x${columns}`) ?? true);
  const chosen = Object.entries(initialisers).filter(([name]) => values.initialiser?.includes(name) ?? true);
  const withFirst = chosen.some(([name]) => name === Object.keys(initialisers)[0]);
  const cells: Cell[] = [];
  const headCells: HeadCell[] = [];
  const orthogonal: Cell[] = [];
  const power: PowerPoint[] = [];
  try {
    for (const shape of wanted(shapes)) {
      const draws = drawsOf(shape, 250, 1.6e8);
      for (const [initialiser, draw] of chosen) {
        for (const dtype of dtypes) {
          const seed = seedOf(`${shape.join("x")} ${initialiser} ${dtype}`);
          const [gaussian, flat] = [normal(seed), uniform(seed + 1)];
          const grades = await inBatches(
            draws,
            shape,
            () => draw(shape, gaussian, flat),
            (batch) => judge(batch, shape, dtype),
          );
          cells.push({ shape, initialiser, dtype, draws, grades: tally(grades) });
        }
      }
      console.error(`${shape.join(" × ")}: ${draws} draws a cell; ${calledLearned(cells, shape)}`);
      if (withFirst && Math.max(...shape) <= 512 && Math.min(...shape) >= 32) {
        const gaussian = normal(seedOf(`orthogonal ${shape.join("x")}`));
        for (const dtype of ["F32", "BF16"] as const) {
          const grades = await inBatches(
            20,
            shape,
            () => orthogonalMatrix(shape, gaussian),
            (batch) => judge(batch, shape, dtype),
          );
          orthogonal.push({ shape, initialiser: "orthogonal", dtype, draws: 20, grades: tally(grades) });
        }
      }
    }
    for (const { shape, of } of heads.filter(({ shape: each }) => wanted([each]).length > 0)) {
      const each = (of[0] * of[1]) / (shape[0] * shape[1]);
      for (const [initialiser, draw] of chosen) {
        for (const dtype of dtypes) {
          const seed = seedOf(`${shape.join("x")} of ${of.join("x")} ${initialiser} ${dtype}`);
          const [gaussian, flat] = [normal(seed), uniform(seed + 1)];
          const grades = await inBatches(
            Math.ceil(drawsOf(shape, 250, 1.6e8) / each) * each,
            of,
            () => draw(of, gaussian, flat),
            (batch) => judge(batch, of, dtype, shape),
            each,
          );
          headCells.push({ shape, of, initialiser, dtype, draws: grades.length, grades: tally(grades) });
        }
      }
      console.error(`${shape.join(" × ")} of ${of.join(" × ")}`);
    }
    for (const shape of withFirst ? wanted(powerShapes) : []) {
      for (const { kind, strengths, draw } of structures) {
        for (const strength of strengths) {
          const seed = seedOf(`${kind} ${strength} ${shape.join("x")}`);
          const gaussian = normal(seed);
          const draws = drawsOf(shape, 200, 5e7);
          const grades = await inBatches(
            draws,
            shape,
            () => draw(shape, strength, gaussian),
            (batch) => judge(batch, shape, "F32"),
          );
          power.push({ kind, shape, strength, draws, grades: tally(grades) });
        }
      }
    }
  } finally {
    await engine?.close();
    await rm(folder, { recursive: true });
  }
  return {
    adapter: engine?.description.adapter ?? "float64 on the processor",
    cells,
    heads: headCells,
    orthogonal,
    power,
  };
}

/** How many matrices of a shape are graded what noise should not be. */
function calledLearned(cells: readonly Cell[], shape: Shape): string {
  const own = cells.filter((cell) => cell.shape === shape);
  const draws = own.reduce((sum, cell) => sum + cell.draws, 0);
  const graded = (...grades: Grade[]): number =>
    own.reduce((sum, cell) => sum + grades.reduce((all, grade) => all + (cell.grades[grade] ?? 0), 0), 0);
  const learned = graded("learned", "partly-learned");
  return `of ${draws}, ${graded("near-random")} are near random and ${learned} learned or partly learned`;
}

/** N(0, 1) entries and Σ θ uᵢvᵢᵀ over random unit vectors. */
function withUpdate(shape: Shape, rank: number, theta: number, gaussian: () => number): Float64Array {
  const [rows, columns] = shape;
  const entries = filled(shape, gaussian);
  for (let k = 0; k < rank; k++) {
    const [u, v] = [unitVector(rows, gaussian), unitVector(columns, gaussian)];
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) entries[i * columns + j]! += theta * u[i]! * v[j]!;
  }
  return entries;
}

function unitVector(length: number, gaussian: () => number): Float64Array {
  const vector = Float64Array.from({ length }, gaussian);
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** Orthonormal along the smaller side, by Gram and Schmidt, twice. */
function orthogonalMatrix([rows, columns]: Shape, gaussian: () => number): Float64Array {
  const [m, n] = [Math.min(rows, columns), Math.max(rows, columns)];
  const basis: Float64Array[] = [];
  while (basis.length < m) {
    const vector = unitVector(n, gaussian);
    for (let round = 0; round < 2; round++) {
      for (const other of basis) {
        const along = vector.reduce((sum, value, i) => sum + value * other[i]!, 0);
        for (let i = 0; i < n; i++) vector[i]! -= along * other[i]!;
      }
    }
    const norm = Math.hypot(...vector);
    basis.push(vector.map((value) => value / norm));
  }
  return Float64Array.from({ length: rows * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    return rows <= columns ? basis[i]![j]! : basis[j]![i]!;
  });
}

/** As many draws as `entries` allow, between 12 and `most`. */
function drawsOf([rows, columns]: Shape, most: number, entries: number): number {
  return Math.max(4, Math.round(share * Math.min(most, Math.max(12, Math.floor(entries / (rows * columns))))));
}

function seedOf(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
}

async function inBatches(
  draws: number,
  [rows, columns]: Shape,
  draw: () => Float64Array,
  judge: (batch: readonly Float64Array[]) => Promise<Grade[]>,
  each = 1,
): Promise<Grade[]> {
  const size = Math.max(1, Math.floor(2 ** 23 / (rows * columns)));
  const grades: Grade[] = [];
  while (grades.length < draws) {
    grades.push(...(await judge(Array.from({ length: Math.min(size, (draws - grades.length) / each) }, draw))));
  }
  return grades;
}

/** Grades matrices as the product would, from a file of their entries: whole ones, or all heads of a shape in them. */
async function judgeAll(
  engine: Engine | null,
  folder: string,
  batch: readonly Float64Array[],
  { whole, shape: [rows, columns], dtype }: { readonly whole: Shape; readonly shape: Shape; readonly dtype: Dtype },
): Promise<Grade[]> {
  if (engine === null) {
    if (rows !== whole[0] || columns !== whole[1])
      throw new Error("Heads of a matrix are measured by the engine alone.");
    return batch.map((entries) => {
      const rounded = decode(encode(dtype === "F8_E4M3" ? scaledToFp8(entries) : entries, dtype), dtype);
      return verdictOf(measure(rounded, rows, columns), { rows, columns }).grade;
    });
  }
  const path = join(folder, "batch");
  const bytes = batch.map((entries) => encode(dtype === "F8_E4M3" ? scaledToFp8(entries) : entries, dtype));
  await writeFile(path, bytes);
  let offset = 0;
  const entryBytes = dtypeBits[dtype] / 8;
  const sources = bytes.flatMap((each): MatrixSource[] => {
    const start = offset;
    offset += each.length;
    return Array.from({ length: (whole[0] * whole[1]) / (rows * columns) }, (_, head) => {
      const begin = start + head * entryBytes * (rows < whole[0] ? rows * whole[1] : columns);
      const end = begin + ((rows - 1) * whole[1] + columns) * entryBytes;
      return { path, begin, end, dtype, rows, columns, pitch: whole[1] };
    });
  });
  const measurements = new Map<number, Measurement>();
  await engine.measure(sources, {
    signal: new AbortController().signal,
    onResult: (index, measurement) => measurements.set(index, measurement),
    onUnsupported: (_, message) => {
      throw new Error(message);
    },
  });
  const shape = { rows, columns };
  const grades: Grade[] = [];
  for (const [index, source] of sources.entries()) {
    let measurement = measurements.get(index)!;
    if (isShuffled(shape)) {
      const read = await engine.readEntries(source, shuffleTestEntries);
      measurement = { ...measurement, shuffle: shuffleTest(read.entries, read.rows, read.columns) };
    }
    const { grade } = verdictOf(measurement, shape);
    grades.push(grade);
  }
  return grades;
}

/** As quantisers do: the largest entry becomes fp8's largest number. */
function scaledToFp8(entries: Float64Array): Float64Array {
  let largest = 0;
  for (const value of entries) largest = Math.max(largest, Math.abs(value));
  return entries.map((value) => (value * 448) / largest);
}

function tally(grades: readonly Grade[]): Cell["grades"] {
  const counts: Partial<Record<Grade, number>> = {};
  for (const grade of grades) counts[grade] = (counts[grade] ?? 0) + 1;
  return counts;
}
