/** The kernels of the two-stage reduction with their block sizes, which an adapter's limits decide. */
import { compileKernel, type Kernel } from "../gpu/kernels.ts";
import bisectValues from "../../shaders/bisect-values.wgsl";
import chaseBulges from "../../shaders/chase-bulges.wgsl";
import keepTriangle from "../../shaders/keep-triangle.wgsl";
import packBand from "../../shaders/pack-band.wgsl";
import pairs from "../../shaders/pairs.wgsl";
import panel from "../../shaders/panel.wgsl";
import panelApplyLeft from "../../shaders/panel-apply-left.wgsl";
import panelApplyRight from "../../shaders/panel-apply-right.wgsl";
import panelProducts from "../../shaders/panel-products.wgsl";
import panelInner from "../../shaders/panel-inner.wgsl";
import panelLeaf from "../../shaders/panel-leaf.wgsl";
import panelFactor from "../../shaders/panel-factor.wgsl";
import reflection from "../../shaders/reflection.wgsl";
import unpackBidiagonal from "../../shaders/unpack-bidiagonal.wgsl";

/** Block sizes; the shaders say what they are. */
export interface Blocks {
  readonly band: number;
  /** Rows of a panel's node. */
  readonly rows: number;
  /** Sweeps of bulge chasing that a workgroup takes, and waves of them in one dispatch. */
  readonly sweeps: number;
  readonly waves: number;
}

export interface TwoStageKernels {
  readonly blocks: Blocks;
  readonly factorLeaves: Kernel;
  readonly applyLeft: Kernel;
  readonly applyRight: Kernel;
  readonly keepTriangle: Kernel;
  readonly packBand: Kernel;
  readonly chaseBulges: Kernel;
  readonly unpackBidiagonal: Kernel;
  /** For few values, many invocations each; for many, few. */
  readonly bisect: readonly Bisection[];
}

export interface Bisection {
  readonly lanes: number;
  readonly kernel: Kernel;
}

/** The shaders hold rows of the band in two vec4. */
const band = 8;

/** As many sweeps as workgroup memory holds, for 256 invocations at most. */
export function chooseBlocks({
  maxComputeWorkgroupStorageSize,
}: Pick<GPUSupportedLimits, "maxComputeWorkgroupStorageSize">): Blocks {
  const bytes = (sweeps: number): number => 4 * (4 * sweeps - 1) * band * 3 * band;
  let sweeps = 256 / (2 * band);
  while (bytes(sweeps) > maxComputeWorkgroupStorageSize) sweeps -= 1;
  return { band, rows: 256, sweeps, waves: 2 * sweeps };
}

export async function compileTwoStageKernels(
  device: GPUDevice,
  blocks: Blocks,
  software: boolean,
): Promise<TwoStageKernels> {
  const { band, rows, sweeps, waves } = blocks;
  // WGSL sizes an invocation's arrays by constants only, not by overrides.
  const constants = Object.entries({
    BAND: band,
    ROWS: rows,
    SWEEPS: sweeps,
    WAVES: waves,
  })
    .map(([name, value]) => `const ${name} = ${value}u;\n`)
    .concat(`const FUSED = ${String(!software)};\n`)
    .join("");
  const compile = (name: string, source: string): Promise<Kernel> => compileKernel(device, name, constants + source);
  const factor = panel + reflection + panelFactor;
  const [factorLeaves, applyLeft, applyRight, keep, packed, chase, unpack, many, few] = await Promise.all([
    compile("panel-leaf", factor + panelLeaf),
    compile("panel-apply-left", factor + panelInner + panelProducts + panelApplyLeft),
    compile("panel-apply-right", factor + panelInner + panelProducts + panelApplyRight),
    compile("keep-triangle", keepTriangle),
    compile("pack-band", packBand),
    compile("chase-bulges", reflection + chaseBulges),
    compile("unpack-bidiagonal", pairs + unpackBidiagonal),
    // (LANES + 1)^ROUNDS ≥ 2^28.
    compile("bisect-values (8 lanes)", `const LANES = 8u;\nconst ROUNDS = 9u;\n${pairs}${bisectValues}`),
    compile("bisect-values (2 lanes)", `const LANES = 2u;\nconst ROUNDS = 18u;\n${pairs}${bisectValues}`),
  ]);
  return {
    blocks,
    factorLeaves,
    applyLeft,
    applyRight,
    keepTriangle: keep,
    packBand: packed,
    chaseBulges: chase,
    unpackBidiagonal: unpack,
    bisect: [
      { lanes: 8, kernel: many },
      { lanes: 2, kernel: few },
    ],
  };
}
