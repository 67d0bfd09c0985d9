/** The kernels of the QR factorisation of tall matrices, compiled when the first comes. */
import type { Target } from "../gpu/device.ts";
import { commonLayout, compileKernel, type Kernel } from "../gpu/kernels.ts";
import { unroll } from "../gpu/unroll.ts";
import tall from "../../shaders/tall.wgsl";
import tallLoad from "../../shaders/tall-load.wgsl";
import tallPanel from "../../shaders/tall-panel.wgsl";
import tallProducts from "../../shaders/tall-products.wgsl";
import tallRows from "../../shaders/tall-rows.wgsl";
import tallUpdate from "../../shaders/tall-update.wgsl";
import tallWeights from "../../shaders/tall-weights.wgsl";
import tileSubtract from "../../shaders/tile-subtract.wgsl";
import { band } from "./panel-source.ts";
import { quadsOf } from "./quads-source.ts";
import { tileProduct, withLoops } from "./tile-source.ts";
import type { Blocks } from "./two-stage-kernels.ts";

/** Columns of a block. */
export const blockColumns = 64;
/** Columns of the tiles of matrix products. */
export const tileColumns = 128;

/** The kernels that take a block's rows. */
interface RowKernels {
  readonly load: Kernel;
  readonly panel: Kernel;
}

/** The kernels that read and write the columns to the right of a block. */
interface MatrixKernels {
  readonly products: Kernel;
  readonly weights: Kernel;
  readonly update: Kernel;
}

export type TallKernelSet = RowKernels & MatrixKernels;

/** Rows that a workgroup of shaders/tall-rows.wgsl takes at once: few where there are few workgroups. */
export type TileRows = 128 | 256;

export class TallKernels {
  readonly #device: GPUDevice;
  readonly #target: Pick<Target, "fused">;
  readonly #unrolled: boolean;
  readonly #layout: GPUPipelineLayout;
  /** Invocations of a workgroup of shaders/tall-rows.wgsl: the more, the fewer rows each has; 64 bytes each are shared. */
  readonly #threads: 256 | 512;
  readonly #rows = new Map<string, Promise<RowKernels>>();
  readonly #matrices = new Map<string, Promise<MatrixKernels>>();

  constructor(device: GPUDevice, target: Pick<Target, "fused">, { unrolled }: Pick<Blocks, "unrolled">) {
    this.#device = device;
    this.#target = target;
    this.#unrolled = unrolled;
    this.#layout = commonLayout(device, 8, 64);
    const { maxComputeInvocationsPerWorkgroup: most, maxComputeWorkgroupStorageSize: bytes } = device.limits;
    // A processor runs invocations one after another.
    this.#threads = target.fused && most >= 512 && bytes >= 64 * 512 ? 512 : 256;
  }

  /** For matrices of so many columns. */
  async open(columns: number, tileRows: TileRows): Promise<TallKernelSet> {
    const aligned = columns % 4 === 0;
    const [rows, matrices] = await Promise.all([
      once(this.#rows, `${aligned} ${tileRows}`, () => this.#compileRows(aligned, tileRows)),
      once(this.#matrices, String(aligned), () => this.#compileMatrices(aligned)),
    ]);
    return { ...rows, ...matrices };
  }

  #compile(name: string, source: string): Promise<Kernel> {
    const constants = `const BAND = ${band}u;\nconst FUSED = ${String(this.#target.fused)};\n`;
    return compileKernel(this.#device, name, constants + tall + source, {}, this.#layout);
  }

  async #compileRows(aligned: boolean, tileRows: TileRows): Promise<RowKernels> {
    const constants = `const ROWS = ${tileRows}u;\nconst THREADS = ${this.#threads}u;\n`;
    const steps = (tileRows * blockColumns) / 4 / this.#threads;
    const compile = (name: string, own: string): Promise<Kernel> => {
      const source = constants + quadsOf(aligned).write + tallRows + own;
      // Rows have registers only if what they are numbered by is constant.
      const unrolled = this.#unrolled ? unroll(unroll(source, "STEPS", steps), "FOURS", steps / 4) : source;
      return this.#compile(`${name} (${tileRows} rows)`, unrolled);
    };
    const [load, panel] = await Promise.all([compile("tall-load", tallLoad), compile("tall-panel", tallPanel)]);
    return { load, panel };
  }

  async #compileMatrices(aligned: boolean): Promise<MatrixKernels> {
    const { read, write } = quadsOf(aligned);
    const product = (separate: boolean, source: string): string =>
      withLoops(tileProduct({ separate, columns: tileColumns }) + source, this.#unrolled);
    const [products, weights, update] = await Promise.all([
      this.#compile("tall-products", read + product(true, tallProducts)),
      this.#compile("tall-weights", tallWeights),
      this.#compile("tall-update", write + product(false, tileSubtract + tallUpdate)),
    ]);
    return { products, weights, update };
  }
}

/** What was compiled before, or is now. */
function once<Kernels>(
  known: Map<string, Promise<Kernels>>,
  key: string,
  compile: () => Promise<Kernels>,
): Promise<Kernels> {
  const kernels = known.get(key) ?? compile();
  known.set(key, kernels);
  return kernels;
}
