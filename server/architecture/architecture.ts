import type { Tensor } from "../checkpoint/checkpoint.ts";
import type { Quantisation } from "../checkpoint/quantisation.ts";
import type { Role } from "./role.ts";

/** What the name, the shape and the config say about one tensor. */
export interface TensorDescription {
  readonly role: Role;
  /** The path of the block the tensor sits in, such as `model.layers.3`; empty outside blocks. Untrusted text. */
  readonly block: string;
  /** Number of the block, counted as the names count. */
  readonly layer: number | null;
  /** Number of the expert in a mixture of experts. */
  readonly expert: number | null;
  /** Name of the weight that this tensor only helps to decode (scales, zero points); it is not analysed itself. */
  readonly auxiliaryOf: string | null;
  /** What a weight is whose entries are not the tensor's own; null for most. */
  readonly packed: PackedWeight | null;
  /** Why the numbers cannot be read as a matrix of weights (pieces that do not fit, a dtype); null when they can. */
  readonly unsupported: string | null;
}

export interface PackedWeight {
  /** As people call it: `GPTQ 4-bit`. */
  readonly format: string;
  /** Of the weight, unpacked. */
  readonly shape: readonly number[];
  /** Whether it is [out, in] whatever the module kept before: the writers of these formats turn Conv1D's round. */
  readonly outputsFirst: boolean;
}

/** One matrix that is analysed: a whole tensor, or one slice of a stack of experts. */
export interface MatrixView {
  /** The tensor's name, with `[expert]` after it for a slice of a stack. Unique in the checkpoint. */
  readonly id: string;
  readonly tensor: Tensor;
  readonly description: TensorDescription;
  readonly expert: number | null;
  readonly rows: number;
  readonly columns: number;
  /** The first byte in the tensor's file, and one past the last. Row-major. Of packed weights, of the whole slice. */
  readonly begin: number;
  readonly end: number;
  /** How the entries come to be, where they are not the tensor's own. */
  readonly quantisation?: Quantisation;
  /** Entries from one row to the next where that is more than `columns`: the part of a larger matrix. */
  readonly pitch?: number;
  /** Index of the attention head, for the part of a tensor that one head owns (see heads.ts). */
  readonly head?: number;
  /** The projection, for the part of a fused weight (see parts.ts). */
  readonly part?: Role;
}

/** A checkpoint seen through the names of its family. */
export interface Architecture {
  /** `llama`, `gpt2`, …, or null where the names are of no known family. */
  readonly family: string | null;
  /** One entry a tensor, in the checkpoint's order. */
  readonly descriptions: readonly TensorDescription[];
  /** Every matrix to analyse or to call unsupported, in the checkpoint's order. */
  readonly matrices: readonly MatrixView[];
}
