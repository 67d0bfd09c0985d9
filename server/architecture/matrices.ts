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

/** No model has more experts; a longer stack is something else. */
const mostExperts = 4096;

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
  if (shape.length === 3 && first <= mostExperts && (stackedRoles.has(role) || name.includes("experts"))) {
    return { slices: first, rows: second, columns: shape[2]!, stack: true };
  }
  return null;
}

/** The views of a tensor; of one that cannot be decoded a single view, to say so once. */
export function matrixViews(
  tensor: Tensor,
  description: TensorDescription,
  { slices, rows, columns, stack }: MatrixShape,
  isTaken: (id: string) => boolean,
): MatrixView[] {
  const { name, begin, end } = tensor;
  if (!stack || description.unsupported !== null) {
    return [{ id: name, tensor, description, expert: description.expert, rows: slices * rows, columns, begin, end }];
  }
  const views: MatrixView[] = [];
  const bytes = (rows * columns * dtypeBits[tensor.dtype]) / 8;
  for (let expert = 0; expert < slices; expert++) {
    let id = `${name}[${expert}]`;
    // Another tensor may have just this name.
    while (isTaken(id)) id += "′";
    const first = begin + expert * bytes;
    views.push({ id, tensor, description, expert, rows, columns, begin: first, end: first + bytes });
  }
  return views;
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((result, number) => result * number, 1);
}
