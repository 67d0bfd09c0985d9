/** The kernels of the two-stage reduction with their block sizes, which a tuning decides. */
import type { Target } from "../gpu/device.ts";
import { commonLayout, compileKernel, type Kernel } from "../gpu/kernels.ts";
import bisectValues from "../../shaders/bisect-values.wgsl";
import chaseBulges from "../../shaders/chase-bulges.wgsl";
import countValues from "../../shaders/count-values.wgsl";
import delayed from "../../shaders/delayed.wgsl";
import delayedDots from "../../shaders/delayed-dots.wgsl";
import delayedFactors from "../../shaders/delayed-factors.wgsl";
import delayedLeftProducts from "../../shaders/delayed-left-products.wgsl";
import delayedPanel from "../../shaders/delayed-panel.wgsl";
import delayedRightProducts from "../../shaders/delayed-right-products.wgsl";
import delayedUpdate from "../../shaders/delayed-update.wgsl";
import packBand from "../../shaders/pack-band.wgsl";
import pairs from "../../shaders/pairs.wgsl";
import reflection from "../../shaders/reflection.wgsl";
import row from "../../shaders/row.wgsl";
import rowProducts from "../../shaders/row-products.wgsl";
import sturmCounts from "../../shaders/sturm-counts.wgsl";
import tileSubtract from "../../shaders/tile-subtract.wgsl";
import unscaledReflection from "../../shaders/unscaled-reflection.wgsl";
import unpackBidiagonal from "../../shaders/unpack-bidiagonal.wgsl";
import { intervals } from "./bisection.ts";
import { chasingOf } from "./bulge-chasing.ts";
import { band, panelSource } from "./panel-source.ts";
import { quadsOf, type QuadsSource } from "./quads-source.ts";
import { TallKernels } from "./tall-kernels.ts";
import { tileProduct, withLoops } from "./tile-source.ts";
import type { Traits, Tuning } from "./tuning.ts";

/** Rows and columns of a matrix that a workgroup of shaders/delayed-update.wgsl takes. */
export const updateTile = { rows: 64, columns: 128 } as const;

/** Block sizes; the shaders say what they are. */
export interface Blocks {
  readonly band: number;
  /** Columns of panels that wait before the matrix is brought up to date. */
  readonly depth: number;
  /** Invocations of a workgroup that factors a panel. */
  readonly panelThreads: number;
  /** Rows of a panel that a workgroup of the reduction to a band takes. */
  readonly panelRows: number;
  /** Whether subgroups are used. */
  readonly subgroups: boolean;
  /** Sweeps of bulge chasing that a workgroup takes, halves of their steps in one dispatch, and how many later the next follows. */
  readonly sweeps: number;
  readonly halves: number;
  readonly spacing: number;
  /** Whether loops of matrix products are written out. */
  readonly unrolled: boolean;
  /** Invocations that keep the adapter busy while values are bisected. */
  readonly bisecting: number;
}

export interface TwoStageKernels {
  readonly blocks: Blocks;
  /** Compiled only when a tall matrix comes. */
  readonly tall: TallKernels;
  readonly delayedPanel: Kernel;
  readonly delayedFactors: Kernel;
  /** Those for matrices of so many columns. */
  passesOver(columns: number): Promise<MatrixPasses>;
  readonly packBand: Kernel;
  readonly chaseBulges: Kernel;
  readonly unpackBidiagonal: Kernel;
  readonly countValues: Kernel;
  readonly bisectValues: Kernel;
}

/** The kernels of the reduction to a band that take whole matrices; products of both sides have the same buffers. */
export interface MatrixPasses {
  readonly leftProducts: Kernel;
  readonly rightProducts: Kernel;
  readonly update: Kernel;
}

/** The block sizes of a tuning. */
export function chooseBlocks(
  { unrolled, panelThreads, sweeps, bisecting }: Tuning,
  { small, subgroups }: Pick<Traits, "small" | "subgroups">,
): Blocks {
  // Every workgroup makes the reflections for itself, which processors cannot do side by side.
  const panelRows = (small ? 8 : 1) * panelThreads;
  return { ...chasingOf(band, sweeps), depth: 64, panelThreads, panelRows, subgroups, unrolled, bisecting };
}

/**
 * Compiles the kernels for these block sizes.
 * @param known those that were compiled before, by their source: what two tunings have in common is compiled once
 */
export async function compileTwoStageKernels(
  device: GPUDevice,
  blocks: Blocks,
  target: Pick<Target, "fused">,
  known = new Map<string, Promise<Kernel>>(),
): Promise<TwoStageKernels> {
  const { depth, panelThreads, panelRows, subgroups, sweeps, halves, spacing, unrolled } = blocks;
  // WGSL sizes an invocation's arrays by constants only, not by overrides.
  const constants = `const BAND = ${band}u;\nconst DEPTH = ${depth}u;\nconst FUSED = ${String(target.fused)};\n`;
  const chasing = `const SWEEPS = ${sweeps}u;\nconst HALVES = ${halves}u;\nconst SPACING = ${spacing}u;\n`;
  const counting = `const BOUND = ${intervals.bound}f;\nconst MARGIN = ${intervals.margin}f;\n${pairs}${sturmCounts}`;
  const compileOnce = (name: string, source: string, layout?: GPUPipelineLayout): Promise<Kernel> => {
    const kernel = known.get(source) ?? compileKernel(device, name, source, {}, layout);
    known.set(source, kernel);
    return kernel;
  };
  const compile = (name: string, source: string): Promise<Kernel> => compileOnce(name, constants + source);
  const layout = commonLayout(device, 7, 64);
  const compileDelayed = (name: string, source: string, directives = ""): Promise<Kernel> =>
    compileOnce(name, directives + constants + delayed + source, layout);
  const compilePanel = (threads: number): Promise<Kernel> => {
    const { directives, source } = panelSource(threads, subgroups);
    const rows = `const PANEL_ROWS = ${panelRows}u;\n`;
    return compileDelayed("delayed-panel", rows + row + source + delayedPanel, directives);
  };
  const productLayout = commonLayout(device, 4, 64, 3);
  const compilePasses = (name: string, { read, write }: QuadsSource): Promise<MatrixPasses> => {
    const dots = constants + delayed + row + read + delayedDots;
    const tile = withLoops(tileProduct({ separate: false, columns: updateTile.columns }), unrolled);
    return compileAll({
      leftProducts: compileOnce(`delayed-left-products${name}`, dots + delayedLeftProducts, productLayout),
      rightProducts: compileOnce(`delayed-right-products${name}`, dots + delayedRightProducts, productLayout),
      update: compileDelayed(`delayed-update${name}`, write + tile + tileSubtract + delayedUpdate),
    });
  };
  // Of most matrices; the others' when the first comes.
  const aligned = compilePasses("", quadsOf(true));
  let unaligned: Promise<MatrixPasses> | null = null;
  const passesOver = (columns: number): Promise<MatrixPasses> =>
    columns % 4 === 0 ? aligned : (unaligned ??= compilePasses(" (any length)", quadsOf(false)));
  const [named] = await Promise.all([
    compileAll({
      delayedPanel: compilePanel(panelThreads),
      delayedFactors: compileDelayed("delayed-factors", row + rowProducts + delayedFactors),
      packBand: compile("pack-band", packBand),
      chaseBulges: compile("chase-bulges", chasing + reflection + unscaledReflection + chaseBulges),
      unpackBidiagonal: compile("unpack-bidiagonal", pairs + unpackBidiagonal),
      countValues: compile("count-values", counting + countValues),
      bisectValues: compile("bisect-values", counting + bisectValues),
    }),
    aligned,
  ]);
  return {
    blocks,
    tall: new TallKernels(device, target, blocks),
    ...named,
    passesOver,
  };
}

/** Waits for all of them. */
async function compileAll<Name extends string>(
  kernels: Readonly<Record<Name, Promise<Kernel>>>,
): Promise<Record<Name, Kernel>> {
  const entries = Object.entries<Promise<Kernel>>(kernels).map(async ([name, kernel]) => [name, await kernel] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, Kernel>;
}
