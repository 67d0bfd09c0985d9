import { createBuffers, releaseBuffers } from "../gpu/buffers.ts";
import type { Target } from "../gpu/device.ts";
import { bindBuffers, compileKernel, dispatch, type Kernel } from "../gpu/kernels.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import absorbColumns from "../../shaders/absorb-columns.wgsl";
import reflection from "../../shaders/reflection.wgsl";
import type { WideBatch } from "./block-jacobi.ts";

/** Entries that an invocation holds. */
const heldEntries = 32;
/** Rows that an invocation holds parts of at most. */
const mostVectors = 8;

/** Invocations that share a row at most. */
const mostLanes = 16;

/** How a workgroup of shaders/absorb-columns.wgsl takes matrices of so many rows. */
interface Layout {
  readonly threads: number;
  readonly lanes: number;
  readonly vectors: number;
}

/** Factors L of X = L·Q, Q with orthonormal rows, for batches of matrices that are wider than high. */
export class WideLq {
  /** The most rows it takes. */
  readonly mostRows: number;
  readonly #device: GPUDevice;
  readonly #fused: boolean;
  readonly #threads: number;
  readonly #submits: PacedSubmits;
  readonly #kernels = new Map<string, Promise<Kernel>>();

  constructor(device: GPUDevice, { small, fused }: Target) {
    this.#device = device;
    this.#fused = fused;
    this.#threads = small ? 128 : Math.min(1024, device.limits.maxComputeInvocationsPerWorkgroup);
    this.mostRows = mostVectors * Math.min(64, this.#threads);
    this.#submits = new PacedSubmits(device);
  }

  /** Puts L, rows × rows with zeros above the diagonal, of each matrix of `x` into `triangles`. */
  async run(
    { count, rows, length }: WideBatch,
    x: GPUBuffer,
    triangles: GPUBuffer,
    signal: AbortSignal,
  ): Promise<void> {
    const layout = layoutOf(rows, this.#threads);
    const kernel = await this.#kernel(layout);
    const levels = levelsOf(rows, length, layout);
    // Each level reads what the one before it wrote, which is longer than what the one after it writes.
    const spare = (level: number): number => Math.max(4, 4 * count * rows * rows * (levels[level]?.groups ?? 0));
    const spares = await createBuffers(this.#device, { even: spare(0), odd: spare(1) });
    try {
      await this.#submits.run(
        levels.length,
        (step) => count * levels[step]!.length * rows * rows,
        (pass, step) => {
          const from = step === 0 ? x : step % 2 === 1 ? spares.even : spares.odd;
          const to = step === levels.length - 1 ? triangles : step % 2 === 0 ? spares.even : spares.odd;
          const { length: across, share, groups } = levels[step]!;
          const buffers = bindBuffers(this.#device, kernel, [{ buffer: from }, { buffer: to }]);
          dispatch(pass, kernel, buffers, [rows, across, share], [groups, 1, count]);
        },
        signal,
      );
    } finally {
      // What was submitted still has them.
      releaseBuffers(spares);
    }
  }

  #kernel({ threads, lanes, vectors }: Layout): Promise<Kernel> {
    // WGSL sizes an invocation's arrays by constants only, not by overrides.
    const constants = Object.entries({ THREADS: threads, LANES: lanes, VECTORS: vectors, HELD: heldEntries / vectors })
      .map(([name, value]) => `const ${name} = ${value}u;\n`)
      .join("");
    const known = this.#kernels.get(constants);
    if (known !== undefined) return known;
    const source = `${constants}const FUSED = ${String(this.#fused)};\n${reflection}${absorbColumns}`;
    const compiled = compileKernel(this.#device, "absorb-columns", source);
    this.#kernels.set(constants, compiled);
    return compiled;
  }
}

/** As many invocations a row as there are, or as many rows an invocation as it takes. */
function layoutOf(rows: number, threads: number): Layout {
  const power = (value: number): number => 2 ** Math.floor(Math.log2(value));
  const lanes = Math.min(mostLanes, power(Math.max(1, threads / rows)));
  const vectors = 2 ** Math.ceil(Math.log2(Math.max(1, rows / threads)));
  return { threads, lanes, vectors };
}

/** The levels of the tree: the columns of each, how many of them a workgroup takes, and how many workgroups there are. */
function levelsOf(
  rows: number,
  length: number,
  { lanes, vectors }: Layout,
): { readonly length: number; readonly share: number; readonly groups: number }[] {
  const chunk = (lanes * heldEntries) / vectors;
  // Twice the rows, so that every level halves the columns.
  const share = chunk * Math.ceil((2 * rows) / chunk);
  const levels = [];
  for (let across = length; ;) {
    const groups = Math.ceil(across / share);
    levels.push({ length: across, share, groups });
    if (groups === 1) return levels;
    across = groups * rows;
  }
}
