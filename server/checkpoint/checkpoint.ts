import type { Dtype } from "./dtype.ts";

/** One `.safetensors` file of a checkpoint. */
export interface CheckpointFile {
  /** The path as the person wrote it or the index names it; siblings are resolved from it. */
  readonly path: string;
  /** The path with symbolic links resolved: the file's identity (the Hugging Face cache links into `blobs/`). */
  readonly realPath: string;
  /** Bytes on disk. */
  readonly size: number;
  /** Last modification, in milliseconds since the epoch. */
  readonly modified: number;
  /** What the file system says of its contents: another one after every change of them, also one that keeps size and time. */
  readonly version: string;
  /** Bytes before the tensors: the 8-byte length and the JSON. */
  readonly headerBytes: number;
  /** The header's `__metadata__`. Untrusted text. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One tensor of a checkpoint, as its header describes it. */
export interface Tensor {
  /** Untrusted text. */
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Index into {@link Checkpoint.files}. */
  readonly file: number;
  /** First byte of the data, counted from the start of the file. */
  readonly begin: number;
  /** One past the last byte of the data, counted from the start of the file. */
  readonly end: number;
}

/** Something wrong with the files themselves, found without reading a tensor's data. */
export interface CheckpointProblem {
  readonly code:
    | "unreadable-file"
    | "invalid-header"
    | "invalid-index"
    | "missing-shard"
    | "missing-tensor"
    | "unlisted-tensor"
    | "duplicate-key"
    | "invalid-config"
    | "invalid-settings";
  readonly severity: "error" | "warning" | "information";
  /** One plain sentence: what is wrong and where. Tensor names in it are untrusted. */
  readonly message: string;
  /** The file it is about. */
  readonly path: string;
  readonly tensor?: string;
  /** Where in the file, in bytes from its start. */
  readonly byteOffset?: number;
}

/** A checkpoint: one `.safetensors` file, or an index with its shards. Broken parts are left out and told in `problems`. */
export interface Checkpoint {
  /** The index where there is one, else the file. */
  readonly path: string;
  readonly sharded: boolean;
  readonly files: readonly CheckpointFile[];
  /** In file order, then by offset. Names are unique. */
  readonly tensors: readonly Tensor[];
  readonly problems: readonly CheckpointProblem[];
  /** The `config.json` (or `adapter_config.json`) beside the checkpoint, if it is a JSON object. Untrusted. */
  readonly config: Readonly<Record<string, unknown>> | null;
}
