import type { Tensor } from "../checkpoint/checkpoint.ts";
import { dtypeBits } from "../checkpoint/dtype.ts";
import type { MatrixView, TensorDescription } from "./architecture.ts";
import type { Role } from "./role.ts";

/** How the entries of a tensor make matrices: `slices` of `rows × columns`, one after the other. */
export interface MatrixShape {
  readonly slices: number;
  readonly rows: number;
  readonly columns: number;
  /** A stack of matrices, one an expert, instead of one matrix. */
  readonly stack: boolean;
}

/** Roles of which a third dimension counts experts. */
const stackedRoles: ReadonlySet<Role> = new Set<Role>([
  "query",
  "key",
  "value",
  "output",
  "gate",
  "up",
  "down",
  "qkv",
  "gate-up",
]);

/** The matrices in a tensor of weights, or null: a vector, an empty tensor, a depthwise convolution. */
export function matrixShape(name: string, shape: readonly number[], role: Role): MatrixShape | null {
  if (role === "bias" || role === "norm" || shape.length < 2 || shape.includes(0)) return null;
  const [first, second] = shape as readonly [number, number];
  const rest = product(shape.slice(1));
  if (shape.length === 2) return { slices: 1, rows: first, columns: second, stack: false };
  if (role === "conv" || (role.startsWith("lora") && shape.length > 3)) {
    // A depthwise convolution has a vector of its own for each channel and mixes none.
    return second === 1 ? null : { slices: 1, rows: first, columns: rest, stack: false };
  }
  if (shape.length === 3 && (stackedRoles.has(role) || name.includes("experts"))) {
    return { slices: first, rows: second, columns: shape[2]!, stack: true };
  }
  return null;
}

/** The views of a tensor; of one that cannot be decoded a single view, to say so once. */
export function matrixViews(
  tensor: Tensor,
  description: TensorDescription,
  matrix: MatrixShape,
  isTaken: (id: string) => boolean,
): MatrixView[] {
  const view = { tensor, description };
  if (description.unsupported !== null) {
    const rows = matrix.slices * matrix.rows;
    return [
      {
        ...view,
        id: tensor.name,
        expert: description.expert,
        rows,
        columns: matrix.columns,
        begin: tensor.begin,
        end: tensor.end,
      },
    ];
  }
  const bytes = (matrix.rows * matrix.columns * dtypeBits[tensor.dtype]) / 8;
  return Array.from({ length: matrix.slices }, (_, slice) => {
    let id = matrix.stack ? `${tensor.name}[${slice}]` : tensor.name;
    // Another tensor may have just this name.
    while (matrix.stack && isTaken(id)) id += "′";
    return {
      ...view,
      id,
      expert: matrix.stack ? slice : description.expert,
      rows: matrix.rows,
      columns: matrix.columns,
      begin: tensor.begin + slice * bytes,
      end: tensor.begin + (slice + 1) * bytes,
    };
  });
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((result, number) => result * number, 1);
}
