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
  /** What lies above the diagonal is left undefined: C is square and symmetric. */
  readonly lower?: boolean;
}

/** Rows and columns of C that a workgroup makes. */
const tile = 64;

/** Submits a product. @param kernel shaders/multiply.wgsl */
export function multiply(device: GPUDevice, kernel: Kernel, product: MatrixProduct): void {
  const { a, b, c, rows, columns, depth, count } = product;
  const encoder = device.createCommandEncoder({ label: "multiply" });
  const pass = encoder.beginComputePass();
  const flags =
    (product.transposedA === true ? 1 : 0) |
    (product.transposedB === true ? 2 : 0) |
    (product.newtonSchulz === true ? 4 : 0) |
    (product.lower === true ? 8 : 0);
  const buffers = bindBuffers(
    device,
    kernel,
    [a, b, c].map((buffer) => ({ buffer })),
  );
  dispatch(
    pass,
    kernel,
    buffers,
    [rows, columns, depth, flags],
    [Math.ceil(columns / tile), Math.ceil(rows / tile), count],
  );
  pass.end();
  device.queue.submit([encoder.finish()]);
}
