/** Freshly drawn matrices, as files that the engine reads like any other. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dtypeBits } from "../checkpoint/dtype.ts";
import { floatWriter, type FloatDtype } from "../checkpoint/encode.ts";
import { truncatedNormalSigma } from "../statistics/normal.ts";
import { seededRandom, type SeededRandom } from "../statistics/random.ts";
import type { MatrixSource } from "./measurement.ts";

/** Independent entries to draw: `rows × columns`, rounded to a dtype. */
export interface MatrixDraw {
  readonly distribution: "normal" | "truncated-normal" | "uniform";
  /** Standard deviation of the entries. */
  readonly sigma: number;
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
  readonly dtype: FloatDtype;
}

/** Entries in memory at a time. */
const pieceEntries = 1 << 18;

/** Numbers of mean 0 and standard deviation 1. */
const samplers: Readonly<Record<MatrixDraw["distribution"], (random: SeededRandom) => () => number>> = {
  normal: ({ normal }) => normal,
  "truncated-normal":
    ({ normal }) =>
    () => {
      for (;;) {
        const value = normal();
        if (Math.abs(value) <= 2) return value / truncatedNormalSigma;
      }
    },
  uniform:
    ({ uniform }) =>
    () =>
      Math.sqrt(3) * (2 * uniform() - 1),
};

/**
 * Draws a matrix into a temporary file and hands it to `use`; the file is gone when that settles.
 * @throws the signal's reason soon after it is aborted; an Error if there is no room for the file.
 */
export async function withDrawnMatrix<Result>(
  draw: MatrixDraw,
  signal: AbortSignal,
  use: (source: MatrixSource) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "spectrum-draw-"));
  try {
    const path = join(folder, "matrix");
    const end = await write(path, draw, signal);
    const { rows, columns, dtype } = draw;
    return await use({ path, begin: 0, end, dtype, rows, columns });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns how many bytes were written */
async function write(path: string, draw: MatrixDraw, signal: AbortSignal): Promise<number> {
  const { rows, columns, dtype, sigma } = draw;
  const width = dtypeBits[dtype] / 8;
  const next = samplers[draw.distribution](seededRandom(draw.seed));
  const bytes = new Uint8Array(Math.min(pieceEntries, rows * columns) * width);
  const put = floatWriter(new DataView(bytes.buffer), dtype);
  const file = await open(path, "w");
  try {
    for (let first = 0; first < rows * columns; first += pieceEntries) {
      signal.throwIfAborted();
      const count = Math.min(pieceEntries, rows * columns - first);
      for (let i = 0; i < count; i++) put(i * width, sigma * next());
      // Between the pieces messages come through.
      await file.write(bytes, 0, count * width);
    }
  } finally {
    await file.close();
  }
  return rows * columns * width;
}
