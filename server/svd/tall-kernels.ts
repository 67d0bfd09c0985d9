/** The kernels of the QR factorisation of tall matrices, compiled when the first comes. */
import type { Target } from "../gpu/device.ts";
import { commonLayout, compileKernel, type Kernel } from "../gpu/kernels.ts";
import putQuads from "../../shaders/put-quads.wgsl";
import putQuadsAligned from "../../shaders/put-quads-aligned.wgsl";
import quads from "../../shaders/quads.wgsl";
import quadsAligned from "../../shaders/quads-aligned.wgsl";
import row from "../../shaders/row.wgsl";
import tall from "../../shaders/tall.wgsl";
import tallColumns from "../../shaders/tall-columns.wgsl";
import tallLeaf from "../../shaders/tall-leaf.wgsl";
import tallLoad from "../../shaders/tall-load.wgsl";
import tallProducts from "../../shaders/tall-products.wgsl";
import tallRoot from "../../shaders/tall-root.wgsl";
import tallThin from "../../shaders/tall-thin.wgsl";
import tallUpdate from "../../shaders/tall-update.wgsl";
import tallVectors from "../../shaders/tall-vectors.wgsl";
import tallWeights from "../../shaders/tall-weights.wgsl";
import triangularSolve from "../../shaders/triangular-solve.wgsl";
import { band, panelSource, rowsInRegisters } from "./panel-source.ts";
import { tileProduct, withLoops } from "./tile-source.ts";
import type { Blocks } from "./two-stage-kernels.ts";

/** The kernels for panels. */
interface PanelKernels {
  readonly leaves: Kernel;
  /** `most`: rows of a root's stack that fit registers; the last takes any. */
  readonly roots: readonly { readonly most: number; readonly kernel: Kernel }[];
  readonly vectors: Kernel;
  readonly columns: Kernel;
}

/** The kernels that read and write the matrix itself. */
interface MatrixKernels {
  readonly load: Kernel;
  readonly products: Kernel;
  readonly weights: Kernel;
  readonly update: Kernel;
}

export type TallKernelSet = PanelKernels & MatrixKernels;

/** What of the block sizes matters here. */
export type PanelBlocks = Pick<Blocks, "panelThreads" | "subgroups" | "unrolled">;

export class TallKernels {
  /** Rows of a leaf. */
  readonly leafRows: number;
  readonly #device: GPUDevice;
  readonly #target: Pick<Target, "fused">;
  readonly #blocks: PanelBlocks;
  readonly #layout: GPUPipelineLayout;
  #panels: Promise<PanelKernels> | null = null;
  /** By whether rows are made of whole quads. */
  readonly #matrices = new Map<boolean, Promise<MatrixKernels>>();

  /** @param blocks panels are factored by the fewest invocations in leaves and small roots, by the most in larger ones */
  constructor(device: GPUDevice, target: Pick<Target, "fused">, blocks: PanelBlocks) {
    this.leafRows = rowsInRegisters(blocks.panelThreads[0]!);
    this.#device = device;
    this.#target = target;
    this.#blocks = blocks;
    this.#layout = commonLayout(device, 8, 64);
  }

  /** For matrices of so many columns. */
  async open(columns: number): Promise<TallKernelSet> {
    const aligned = columns % 4 === 0;
    this.#panels ??= this.#compilePanels();
    let matrices = this.#matrices.get(aligned);
    if (matrices === undefined) {
      matrices = this.#compileMatrices(aligned);
      this.#matrices.set(aligned, matrices);
    }
    const [panels, others] = await Promise.all([this.#panels, matrices]);
    return { ...panels, ...others };
  }

  #compile(name: string, source: string, directives = ""): Promise<Kernel> {
    const { fused } = this.#target;
    const constants = `const BAND = ${band}u;\nconst LEAF = ${this.leafRows}u;\nconst FUSED = ${String(fused)};\n`;
    const whole = directives + constants + row + tall + withLoops(source, this.#blocks.unrolled);
    return compileKernel(this.#device, name, whole, {}, this.#layout);
  }

  #compilePanel(name: string, threads: number, own: string): Promise<Kernel> {
    const { directives, source } = panelSource(threads, this.#blocks.subgroups);
    return this.#compile(`${name} (${threads} invocations)`, source + tallThin + own, directives);
  }

  async #compilePanels(): Promise<PanelKernels> {
    const { panelThreads } = this.#blocks;
    const [leaves, roots, vectors, columns] = await Promise.all([
      this.#compilePanel("tall-leaf", panelThreads[0]!, tallLeaf),
      Promise.all(
        [...new Set([panelThreads[0]!, panelThreads.at(-1)!])].map(async (threads) => ({
          most: rowsInRegisters(threads),
          kernel: await this.#compilePanel("tall-root", threads, tallRoot),
        })),
      ),
      this.#compile("tall-vectors", tallVectors),
      this.#compile("tall-columns", triangularSolve + tallColumns),
    ]);
    return { leaves, roots, vectors, columns };
  }

  async #compileMatrices(aligned: boolean): Promise<MatrixKernels> {
    const rows = aligned ? quadsAligned : quads;
    const put = aligned ? putQuadsAligned : putQuads;
    const [load, products, weights, update] = await Promise.all([
      this.#compile("tall-load", rows + tallLoad),
      this.#compile("tall-products", rows + tileProduct({ separate: true }) + tallProducts),
      this.#compile("tall-weights", tallWeights),
      this.#compile("tall-update", rows + put + tileProduct({ separate: false }) + tallUpdate),
    ]);
    return { load, products, weights, update };
  }
}
