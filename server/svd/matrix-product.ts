import { bindBuffers, dispatch, type Kernel } from "../gpu/kernels.ts";

/** C ← A·B, `rows × columns`, for every matrix of a batch; A is rows × depth and B depth × columns, row-major. */
export interface MatrixProduct {
  readonly a: GPUBuffer;
  readonly b: GPUBuffer;
  readonly c: GPUBuffer;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly count: number;
  /** Stored depth × rows. */
  readonly transposedA?: boolean;
  /** Stored columns × depth. */
  readonly transposedB?: boolean;
  /** C ← (3·B − A·B)/2 instead. */
  readonly newtonSchulz?: boolean;
}

/** shaders/multiply.wgsl with tiles of 64 × 64 and, quicker where they are many, of 128 × 128. */
export interface ProductKernels {
  readonly multiply: Kernel;
  readonly multiplyLarge: Kernel;
}

/** Large tiles that keep a GPU busy. */
const manyTiles = 128;

/** Submits a product. */
export function multiply(device: GPUDevice, kernels: ProductKernels, product: MatrixProduct): void {
  const { a, b, c, rows, columns, depth, count } = product;
  const tilesOf = (edge: number) => [Math.ceil(columns / edge), Math.ceil(rows / edge), count] as const;
  const large = tilesOf(128).reduce((all, tiles) => all * tiles, 1) >= manyTiles;
  const kernel = large ? kernels.multiplyLarge : kernels.multiply;
  const encoder = device.createCommandEncoder({ label: "multiply" });
  const pass = encoder.beginComputePass();
  const flags =
    (product.transposedA === true ? 1 : 0) |
    (product.transposedB === true ? 2 : 0) |
    (product.newtonSchulz === true ? 4 : 0);
  const buffers = bindBuffers(
    device,
    kernel,
    [a, b, c].map((buffer) => ({ buffer })),
  );
  dispatch(pass, kernel, buffers, [rows, columns, depth, flags], tilesOf(large ? 128 : 64));
  pass.end();
  device.queue.submit([encoder.finish()]);
}
