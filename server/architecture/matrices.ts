import type { Tensor } from "../checkpoint/checkpoint.ts";
import { dtypeBits } from "../checkpoint/dtype.ts";
import { windowWithin, type Quantisation } from "../checkpoint/quantisation.ts";
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

/**
 * The views of a tensor; of one that cannot be decoded a single view, to say so once.
 * @param quantisations of each slice, where the entries are not the tensor's own
 */
export function matrixViews(
  tensor: Tensor,
  description: TensorDescription,
  { slices, rows, columns, stack }: MatrixShape,
  quantisations: readonly Quantisation[] | null,
  isTaken: (id: string) => boolean,
): MatrixView[] {
  const { name } = tensor;
  if (description.unsupported !== null) {
    const { begin, end } = tensor;
    return [{ id: name, tensor, description, expert: description.expert, rows: slices * rows, columns, begin, end }];
  }
  const bytes = (tensor.end - tensor.begin) / slices;
  return Array.from({ length: slices }, (_, slice): MatrixView => {
    let id = stack ? `${name}[${slice}]` : name;
    // Another tensor may have just this name.
    while (stack && isTaken(id)) id += "′";
    const begin = tensor.begin + slice * bytes;
    const quantisation = quantisations?.[slice];
    return {
      ...{ id, tensor, description, rows, columns, begin, end: begin + bytes },
      expert: stack ? slice : description.expert,
      ...(quantisation === undefined ? {} : { quantisation }),
    };
  });
}

/** Rows and columns of a matrix, a run of each, of the rows every `step`-th. */
export interface MatrixPart {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
}

/** Where a part of a matrix lies. */
export function placeOfPart(
  { tensor, begin, end, columns, quantisation }: MatrixView,
  part: MatrixPart,
): Pick<MatrixView, "rows" | "columns" | "begin" | "end" | "quantisation"> & { readonly pitch: number } {
  const size = { rows: part.rows, columns: part.columns };
  if (quantisation !== undefined) {
    const window = windowWithin(quantisation.window, part);
    return { ...size, begin, end, pitch: columns * part.step, quantisation: { ...quantisation, window } };
  }
  const bytes = dtypeBits[tensor.dtype] / 8;
  const pitch = columns * part.step;
  const first = begin + (part.row * columns + part.column) * bytes;
  return { ...size, begin: first, end: first + ((part.rows - 1) * pitch + part.columns) * bytes, pitch };
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((result, number) => result * number, 1);
}
