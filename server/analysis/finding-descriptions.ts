import type { Severity } from "../protocol.ts";
import { findingSeverities, gradeSeverities } from "./findings.ts";

/** A kind of finding in words, as docs/problems.md has it at length. */
export interface FindingDescription {
  /** What it says, as a phrase without a full stop. */
  readonly title: string;
  /** What it means and what to do, in plain sentences. */
  readonly help: string;
  readonly severity: Severity;
}

const titles: Readonly<Record<string, readonly [title: string, help: string]>> = {
  random: [
    "Matrix looks randomly initialised",
    "No test can tell the matrix from independent random entries. Compare the names in the checkpoint with those that the model loads, and look whether the layer had gradients. If the layer is meant to be random, silence the finding.",
  ],
  "near-random": [
    "Matrix is close to random initialisation",
    "The matrix differs from noise measurably, but hardly: very little training, or a learning rate next to zero. One random matrix in a hundred is graded so by chance.",
  ],
  zero: [
    "Matrix is zero throughout",
    "Every entry is zero: B of a low-rank adapter before its first step, an output that was never trained, a pruned layer, or a tensor that was never filled. Find what should have written it.",
  ],
  constant: [
    "Matrix holds one value throughout",
    "A matrix initialised to a constant, a buffer saved as if it were a weight, or a failed conversion. Find what should have written it.",
  ],
  duplicate: [
    "Matrix is a copy of another one",
    "Bit for bit the contents of an earlier matrix of the same shape. If the copies were meant to be trained apart, they were not.",
  ],
  orthogonal: [
    "Matrix is orthogonal",
    "All singular values are equal but for rounding: orthogonal initialisation that was never trained, an adapter that begins so, or a rotation that a quantisation scheme adds on purpose.",
  ],
  identity: ["Matrix is an identity matrix", "A layer that was initialised to do nothing, and never trained."],
  "non-finite": [
    "Matrix holds values that are not finite",
    "Entries are NaN or infinite, and so is what the model computes from them. Go back to an earlier checkpoint, or convert to bf16 instead of fp16.",
  ],
  "rank-deficient": [
    "Matrix has a lower rank than its shape allows",
    "Singular values are zero to rounding. If nothing of low rank was intended, look for rows that repeat; if it was, two thin factors store the matrix without loss.",
  ],
  "dead-rows": [
    "Rows of a matrix are zero throughout",
    "Neurons that were pruned or are dead, or tokens that never occur. The rows compute nothing and can be removed with what reads them.",
  ],
  "dead-columns": [
    "Columns of a matrix are zero throughout",
    "Inputs that were pruned or never used, or padding. The columns can be removed with what feeds them.",
  ],
  heads: [
    "Attention heads look random or degenerate",
    "Some heads of a layer have a grade that would be a finding on a matrix, while their whole matrix has not. Compare their numbers with those of the heads beside them.",
  ],
  "random-expert": [
    "Expert is untrained among learned ones",
    "Every matrix of the expert is untrained, while most experts of its block are learned. Look at how often the router chose it.",
  ],
  "unlike-neighbours": [
    "Block is unlike the blocks beside it",
    "Most of the block's matrices differ from those of the neighbouring blocks far more than blocks of this checkpoint do.",
  ],
  "missing-expected": [
    "Tensors are missing that the config or other blocks expect",
    "The files lack tensors that the config, or the other blocks, say they should have. Loaders fail, or leave them at random.",
  ],
  "unreadable-file": [
    "File cannot be read",
    "The file cannot be read, or is something else: a Git LFS pointer, a web page, an unfinished download. The message says what to do.",
  ],
  "invalid-header": [
    "Header is not as the format demands",
    "Readers refuse such a file, or read wrong numbers. The message says where it is wrong.",
  ],
  "invalid-index": [
    "Index is not as the format demands",
    "The index of a sharded checkpoint names the file of every tensor. The message says where it is wrong.",
  ],
  "missing-shard": ["Index names a file that is not there", "Download the file that the message names."],
  "missing-tensor": [
    "Index names a tensor that its file does not hold",
    "Loaders fail, or leave the tensor at random. Index and shards come from different savings: get both from one.",
  ],
  "unlisted-tensor": [
    "Shard holds a tensor that the index does not name",
    "Loaders leave the tensor out. Index and shards come from different savings: get both from one.",
  ],
  "duplicate-key": [
    "Tensor is named twice",
    "A header or an index names the same tensor more than once, and readers differ in which one they take.",
  ],
  "invalid-config": [
    "Config beside the checkpoint cannot be read",
    "The analysis does without it: nothing is known of heads, of the initialiser, and of what is missing.",
  ],
  "invalid-settings": [
    "Settings file beside the checkpoint is not as it should be",
    "The .safetensors-spectrum.json beside the checkpoint has a mistake and is not used. The message says which.",
  ],
};

/** How loud problems of the files usually are; each brings its own severity. */
const fileSeverities: Readonly<Record<string, Severity>> = {
  "unreadable-file": "error",
  "invalid-header": "error",
  "invalid-index": "error",
  "missing-shard": "error",
  "missing-tensor": "error",
  "unlisted-tensor": "warning",
  "duplicate-key": "warning",
  "invalid-config": "information",
  "invalid-settings": "warning",
};

const severities: Readonly<Record<string, Severity>> = { ...fileSeverities, ...gradeSeverities, ...findingSeverities };

/** Every kind of finding by its code, in the order of docs/problems.md. */
export const findingDescriptions: ReadonlyMap<string, FindingDescription> = new Map(
  Object.entries(titles).map(([code, [title, help]]) => [
    code,
    { title, help, severity: severities[code] ?? "information" },
  ]),
);
