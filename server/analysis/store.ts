import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { MatrixView } from "../architecture/architecture.ts";
import type { CheckpointFile } from "../checkpoint/checkpoint.ts";
import type { Analysis, VectorMeasurement } from "../worker-protocol.ts";
import { engineVersion } from "./version.ts";

/** Spectra are read back from disk when they are asked for; this many are kept at hand. */
const recentLimit = 64;

type VectorsOf<Numbers> = Readonly<{ [Key in keyof VectorMeasurement]: Numbers }>;

interface Record {
  readonly key: string;
  readonly analysis: Omit<Analysis, "measurement" | "vectors"> & {
    readonly measurement: Omit<Analysis["measurement"], "singularValues"> & { readonly singularValues: string };
    readonly vectors: VectorsOf<string> | null;
  };
}

/**
 * The analyses of one file's matrices, on disk, keyed by the file's identity, the matrix and the engine's version.
 * One text file each: a first line that says what it belongs to, then a checksum and a JSON record a line, appended as
 * results come. A damaged line is passed over, so a crash in the middle of a write costs one result.
 * Only offsets stay in memory, so that a checkpoint of any size fits.
 */
export class AnalysisStore {
  readonly #path: string;
  readonly #offsets = new Map<string, { readonly offset: number; readonly length: number }>();
  readonly #recent = new Map<string, Analysis>();
  #handle: FileHandle | null = null;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens what is known of a file, calling `onRecord` for each analysis found. A store that belongs to another state of
   * the file, or to another engine, is begun anew.
   * @throws when the folder cannot be written.
   */
  static async open(
    folder: string,
    file: CheckpointFile,
    onRecord: (key: string, analysis: Analysis) => void,
  ): Promise<AnalysisStore> {
    await mkdir(folder, { recursive: true });
    const name = createHash("sha256").update(file.realPath).digest("hex").slice(0, 32);
    const store = new AnalysisStore(join(folder, `${name}${extension}`));
    const heading = JSON.stringify({
      engine: engineVersion,
      path: file.realPath,
      size: file.size,
      modified: file.modified,
    });
    const found = await store.#scan(
      (record) => {
        onRecord(record.key, analysisOf(record));
      },
      (line) => line === heading,
    );
    if (found !== heading) {
      const fresh = `${store.#path}.${process.pid}.new`;
      const handle = await open(fresh, "w");
      await handle.write(`${heading}\n`);
      await handle.close();
      await rename(fresh, store.#path);
    }
    store.#handle = await open(store.#path, "a+");
    return store;
  }

  /** Keeps one analysis. It can be read at once; the disk follows. A full disk costs the cache, not the result. */
  put(key: string, analysis: Analysis): void {
    this.#remember(key, analysis);
    const line = encode(key, analysis);
    this.#writing = this.#writing.then(async () => {
      const handle = this.#handle;
      if (handle === null) {
        return;
      }
      await handle.appendFile(line);
      const end = (await handle.stat()).size;
      this.#offsets.set(key, { offset: end - line.length, length: line.length });
    });
    this.#writing.catch(() => undefined);
  }

  async get(key: string): Promise<Analysis | null> {
    const recent = this.#recent.get(key);
    if (recent !== undefined) {
      this.#remember(key, recent);
      return recent;
    }
    await this.#writing.catch(() => undefined);
    let record = await this.#read(key);
    if (record === null && this.#offsets.has(key)) {
      // Another window appended at the same moment, and the record lies elsewhere than was thought.
      await this.#scan(() => undefined);
      record = await this.#read(key);
    }
    if (record === null) {
      return null;
    }
    const analysis = analysisOf(record);
    this.#remember(key, analysis);
    return analysis;
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#handle?.close();
    this.#handle = null;
  }

  #remember(key: string, analysis: Analysis): void {
    this.#recent.delete(key);
    this.#recent.set(key, analysis);
    if (this.#recent.size > recentLimit) {
      const oldest = this.#recent.keys().next().value;
      // What is not on disk yet stays: it could not be read back.
      if (oldest !== undefined && this.#offsets.has(oldest)) {
        this.#recent.delete(oldest);
      }
    }
  }

  async #read(key: string): Promise<Record | null> {
    const place = this.#offsets.get(key);
    if (place === undefined || this.#handle === null) {
      return null;
    }
    const buffer = Buffer.alloc(place.length);
    const { bytesRead } = await this.#handle.read(buffer, 0, place.length, place.offset);
    const record = bytesRead === place.length ? decode(buffer.toString("utf8").trimEnd()) : null;
    return record?.key === key ? record : null;
  }

  /** Notes where every record lies. @returns the heading; null when there is no store yet. */
  async #scan(
    onRecord: (record: Record) => void,
    accept: (heading: string) => boolean = () => true,
  ): Promise<string | null> {
    const exists = await stat(this.#path).then(
      (information) => information.isFile(),
      () => false,
    );
    if (!exists) {
      return null;
    }
    let heading: string | null = null;
    let offset = 0;
    const lines = createInterface({ input: createReadStream(this.#path), crlfDelay: Infinity });
    for await (const line of lines) {
      const length = Buffer.byteLength(line) + 1;
      if (heading === null) {
        heading = line;
        if (!accept(heading)) {
          lines.close();
          break;
        }
      } else {
        const record = decode(line);
        if (record !== null) {
          this.#offsets.set(record.key, { offset, length });
          onRecord(record);
        }
      }
      offset += length;
    }
    return heading;
  }
}

const extension = ".spectra";

/** Names a matrix within its file: where it lies and how it is read, so that a rewritten file never matches by name alone. */
export function storeKey(matrix: MatrixView): string {
  const { begin, end, tensor, rows, columns, pitch = columns } = matrix;
  return `${begin}-${end} ${tensor.dtype} ${rows}x${columns}${pitch === columns ? "" : ` of ${pitch}`}`;
}

/** Removes every store in the folder. @returns the bytes freed. */
export async function clearStores(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  let freed = 0;
  for (const name of names.filter((each) => each.endsWith(extension))) {
    const path = join(folder, name);
    freed += await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    await rm(path, { force: true });
  }
  return freed;
}

function encode(key: string, analysis: Analysis): Buffer {
  const { measurement, vectors } = analysis;
  const record: Record = {
    key,
    analysis: {
      ...analysis,
      measurement: { ...measurement, singularValues: base64(measurement.singularValues) },
      vectors: vectors === null ? null : mapVectors(vectors, base64),
    },
  };
  const json = JSON.stringify(record);
  return Buffer.from(`${checksum(json)} ${json}\n`, "utf8");
}

function decode(line: string): Record | null {
  const space = line.indexOf(" ");
  const json = line.slice(space + 1);
  if (space < 0 || checksum(json) !== line.slice(0, space)) {
    return null;
  }
  // The checksum says that this program wrote the line, and the heading that it was this version.
  return JSON.parse(json) as Record;
}

function analysisOf({ analysis }: Record): Analysis {
  const { measurement, vectors } = analysis;
  return {
    ...analysis,
    measurement: { ...measurement, singularValues: new Float64Array(bytesOf(measurement.singularValues)) },
    vectors: vectors === null ? null : mapVectors(vectors, (text) => new Float32Array(bytesOf(text))),
  };
}

function mapVectors<From, To>(
  { left, right, leftLargest, rightLargest, leftParticipation, rightParticipation }: VectorsOf<From>,
  convert: (from: From) => To,
): VectorsOf<To> {
  return {
    left: convert(left),
    right: convert(right),
    leftLargest: convert(leftLargest),
    rightLargest: convert(rightLargest),
    leftParticipation: convert(leftParticipation),
    rightParticipation: convert(rightParticipation),
  };
}

function base64({ buffer, byteOffset, byteLength }: Float64Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** In a buffer of their own, so that numbers of any width can be laid over them. */
function bytesOf(text: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(text, "base64")).buffer;
}

function checksum(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 16);
}
