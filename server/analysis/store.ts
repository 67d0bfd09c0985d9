import { t } from "../text/l10n.ts";
import { createHash } from "node:crypto";
import { open, readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { MatrixView } from "../architecture/architecture.ts";
import type { CheckpointFile } from "../checkpoint/checkpoint.ts";
import { schemeWords } from "../checkpoint/quantisation.ts";
import { whyNotWritten } from "../text/write-failure.ts";
import type { Analysis, VectorMeasurement } from "../worker-protocol.ts";
import { disk, type Disk } from "./disk.ts";
import { damagedExtension, draftExtension, Journal, type Place } from "./journal.ts";
import { isAtWork, renewal, thisProcess, type Owner } from "./owner.ts";
import { engineVersion } from "./version.ts";

/** Spectra are read back from disk when they are asked for; this many are kept at hand. */
const recentLimit = 64;
/** Raised with any change of how entries are written. */
const format = 2;

type VectorsOf<Numbers> = Readonly<{ [Key in keyof VectorMeasurement]: Numbers }>;

interface Record {
  readonly key: string;
  readonly analysis: Omit<Analysis, "measurement" | "vectors"> & {
    readonly measurement: Omit<Analysis["measurement"], "singularValues"> & { readonly singularValues: string };
    readonly vectors: VectorsOf<string> | null;
  };
}

/** What the journal holds. `at`: milliseconds since the epoch. */
type Entry =
  | Record
  /** These are being computed. */
  | { readonly claim: readonly string[]; readonly by: Owner; readonly at: number }
  /** They are still being computed. */
  | { readonly renew: true; readonly by: Owner; readonly at: number }
  /** They are not being computed any more, and have no result. */
  | { readonly release: readonly string[]; readonly by: Owner };

/** What a person should know about how results are kept. */
export type StoreNotice = "damaged" | "not-kept";

export interface StoreEvents {
  /** A result that was found, or that another process computed. */
  readonly onRecord: (key: string, analysis: Analysis) => void;
  /** `message`: one sentence. */
  readonly onNotice?: (notice: StoreNotice, message: string) => void;
}

export interface StoreOptions {
  readonly disk?: Disk;
  /** Who claims. */
  readonly owner?: Owner;
}

/**
 * The analyses of one file's matrices, on disk, keyed by the file's identity, the matrix and the engine's version. Several
 * processes keep theirs in one store at the same time: each takes over what the others add, and leaves alone what another
 * one claims to be computing, as long as that one lives. Only places stay in memory, so that a checkpoint of any size fits.
 */
export class AnalysisStore {
  readonly #events: StoreEvents;
  readonly #owner: Owner;
  readonly #name: string;
  #journal: Journal | null = null;
  readonly #places = new Map<string, Place>();
  readonly #recent = new Map<string, Analysis>();
  /** Not on the disk yet. */
  readonly #unwritten = new Map<string, Analysis>();
  /** What goes through the journal follows each other. */
  #turn: Promise<void> = Promise.resolve();
  #draining = false;
  readonly #claims = new Map<string, Owner>();
  /** When each process was last known to be at work, by its id. */
  readonly #heard = new Map<string, number>();
  readonly #held = new Set<string>();
  #renewing: NodeJS.Timeout | null = null;
  #closed = false;

  private constructor(name: string, events: StoreEvents, owner: Owner) {
    this.#name = name;
    this.#events = events;
    this.#owner = owner;
  }

  /**
   * Opens what is known of a file, and tells of each analysis found. A store that belongs to another state of the file, or
   * to another engine, is begun anew.
   * @throws when the folder cannot be written.
   */
  static async open(
    folder: string,
    file: CheckpointFile,
    events: StoreEvents,
    { disk: on = disk, owner = thisProcess }: StoreOptions = {},
  ): Promise<AnalysisStore> {
    const name = createHash("sha256").update(file.realPath).digest("hex").slice(0, 32);
    const store = new AnalysisStore(basename(file.path), events, owner);
    store.#journal = await Journal.open({
      disk: on,
      path: join(folder, `${name}${extension}`),
      heading: {
        format,
        engine: engineVersion,
        path: file.realPath,
        size: file.size,
        modified: file.modified,
        sample: await contentSample(file),
      },
      onEntry: (value, place, own) => {
        // The checksum says that this program wrote it, and the heading that it was this version.
        store.#take(value as Entry, place, own);
      },
      onDamage: (message) => {
        events.onNotice?.("damaged", message);
      },
    });
    return store;
  }

  /** A store that is gone with this process, for where nothing can be written. */
  static inMemory(file: CheckpointFile): AnalysisStore {
    return new AnalysisStore(basename(file.path), { onRecord: () => undefined }, thisProcess);
  }

  /** Keeps one analysis. It can be read at once; the disk follows. A full disk costs the cache, not the result. */
  put(key: string, analysis: Analysis): void {
    this.#unwritten.set(key, analysis);
    this.#held.delete(key);
    this.#held.delete(withVectors(key));
    if (this.#journal !== null && !this.#draining) {
      this.#draining = true;
      // What comes while something is written and flushed is written at once after it.
      void this.#after(async (journal) => {
        this.#draining = false;
        await this.#drain(journal);
      });
    }
  }

  async get(key: string): Promise<Analysis | null> {
    const known = this.#unwritten.get(key) ?? this.#recent.get(key);
    if (known !== undefined) {
      this.#remember(key, known);
      return known;
    }
    const place = this.#places.get(key);
    const record = place === undefined ? null : ((await this.#journal?.read(place)) as Record | null | undefined);
    if (record?.key !== key) {
      return null;
    }
    const analysis = analysisOf(record);
    this.#remember(key, analysis);
    return analysis;
  }

  /**
   * Claims matrices before they are computed, so that nobody else does.
   * @returns those that are not being computed elsewhere
   */
  async claim(keys: readonly string[], vectors: boolean): Promise<ReadonlySet<string>> {
    const claimed = (key: string): string => (vectors ? withVectors(key) : key);
    let granted = new Set(keys);
    await this.#after(async (journal) => {
      await this.#follow(journal);
      granted = new Set(keys.filter((key) => !this.isElsewhere(key, vectors)));
      const free = [...granted].map(claimed);
      if (free.length === 0) return;
      await this.#write(journal, [{ claim: free, by: this.#owner, at: Date.now() }]);
      // Whoever was first in the journal has them.
      granted = new Set([...granted].filter((key) => !this.isElsewhere(key, vectors)));
      for (const key of granted) this.#held.add(claimed(key));
      this.#renewing ??= setInterval(() => {
        this.#renew();
      }, renewal).unref();
    });
    return granted;
  }

  /** Gives up what was claimed and has no result. */
  release(keys: readonly string[], vectors: boolean): void {
    const held = keys.map((key) => (vectors ? withVectors(key) : key)).filter((key) => this.#held.delete(key));
    if (held.length > 0) {
      void this.#after(async (journal) => {
        await this.#write(journal, [{ release: held, by: this.#owner }]);
      });
    }
  }

  /** Whether another process that lives says that it computes this. */
  isElsewhere(key: string, vectors: boolean): boolean {
    const owners = [...(vectors ? [] : [this.#claims.get(key)]), this.#claims.get(withVectors(key))];
    return owners.some((owner) => owner !== undefined && owner.id !== this.#owner.id && this.#isAtWork(owner));
  }

  /** Takes over what other processes have added. */
  follow(): Promise<void> {
    return this.#after((journal) => this.#follow(journal));
  }

  async close(): Promise<void> {
    if (this.#renewing !== null) clearInterval(this.#renewing);
    const closing = this.#after(async (journal) => {
      await this.#drain(journal);
      if (this.#held.size > 0) await this.#write(journal, [{ release: [...this.#held], by: this.#owner }]);
      await journal.close();
    });
    this.#closed = true;
    await closing;
    this.#journal = null;
  }

  /** In their order, none of which fails: what goes wrong is told where it does. */
  #after(action: (journal: Journal) => Promise<void>): Promise<void> {
    const journal = this.#journal;
    if (journal === null || this.#closed) return Promise.resolve();
    this.#turn = this.#turn
      .then(() => action(journal))
      .catch((error: unknown) => {
        this.#notKept(error);
      });
    return this.#turn;
  }

  async #drain(journal: Journal): Promise<void> {
    const waiting = [...this.#unwritten];
    if (waiting.length === 0) return;
    const written = await this.#write(
      journal,
      waiting.map(([key, analysis]) => recordOf(key, analysis)),
    );
    if (!written) return;
    for (const [key, analysis] of waiting) {
      if (this.#unwritten.get(key) === analysis) this.#unwritten.delete(key);
      this.#remember(key, analysis);
    }
    await journal.sync();
  }

  /** @returns false where nothing could be written: it is tried again with the next result */
  async #write(journal: Journal, entries: readonly Entry[]): Promise<boolean> {
    try {
      await journal.append(entries);
      return true;
    } catch (error) {
      this.#notKept(error);
      return false;
    }
  }

  #follow(journal: Journal): Promise<void> {
    return journal.follow(() => {
      const before = new Map(this.#places);
      this.#places.clear();
      return async (readOld) => {
        // What the new journal does not have is written to it.
        for (const [key, place] of before) {
          const record = this.#places.has(key) ? null : ((await readOld(place)) as Record | null);
          if (record !== null) await this.#write(journal, [record]);
        }
      };
    });
  }

  #take(entry: Entry, place: Place, own: boolean): void {
    if ("key" in entry) {
      const { key } = entry;
      this.#places.set(key, place);
      this.#claims.delete(key);
      if (entry.analysis.vectors !== null) this.#claims.delete(withVectors(key));
      if (!own) {
        this.#recent.delete(key);
        this.#events.onRecord(key, analysisOf(entry));
      }
    } else if ("claim" in entry) {
      this.#hear(entry.by, entry.at);
      for (const key of entry.claim) {
        const before = this.#claims.get(key);
        if (before === undefined || before.id === entry.by.id || !this.#isAtWork(before)) {
          this.#claims.set(key, entry.by);
        }
      }
    } else if ("renew" in entry) {
      this.#hear(entry.by, entry.at);
    } else {
      for (const key of entry.release) {
        if (this.#claims.get(key)?.id === entry.by.id) this.#claims.delete(key);
      }
    }
  }

  #hear({ id }: Owner, at: number): void {
    this.#heard.set(id, Math.max(at, this.#heard.get(id) ?? 0));
  }

  #isAtWork(owner: Owner): boolean {
    return owner.id === this.#owner.id || isAtWork(owner, this.#heard.get(owner.id) ?? 0);
  }

  #renew(): void {
    if (this.#held.size > 0) {
      void this.#after(async (journal) => {
        await this.#write(journal, [{ renew: true, by: this.#owner, at: Date.now() }]);
      });
    }
  }

  #remember(key: string, analysis: Analysis): void {
    this.#recent.delete(key);
    this.#recent.set(key, analysis);
    const oldest = this.#recent.keys().next().value;
    if (this.#recent.size > recentLimit && oldest !== undefined) this.#recent.delete(oldest);
  }

  #notKept(error: unknown): void {
    this.#events.onNotice?.(
      "not-kept",
      t(
        "Results of {0} cannot be kept on disk: {1}; the analysis goes on, and they are kept as soon as they can be.",
        this.#name,
        whyNotWritten(error),
      ),
    );
  }
}

const extension = ".spectra";

/**
 * Names a matrix within its file: where it lies and how it is read, so that a rewritten file never matches by name alone.
 * Pieces in other files are named with their identity.
 */
export function storeKey(matrix: MatrixView, files: readonly CheckpointFile[]): string {
  const { begin, end, tensor, rows, columns, pitch = columns, quantisation } = matrix;
  const place = `${begin}-${end} ${tensor.dtype} ${rows}x${columns}${pitch === columns ? "" : ` of ${pitch}`}`;
  if (quantisation === undefined) return place;
  const { scheme, pieces, window } = quantisation;
  const identity = (index: number): string => {
    const { realPath, size, modified } = files[index]!;
    return index === tensor.file ? "" : ` of ${realPath} ${size} ${modified}`;
  };
  const parts = Object.entries(pieces).map(
    ([name, piece]) => `${name} ${piece.format} ${piece.begin}-${piece.end}${identity(piece.file)}`,
  );
  const from = `${window.row}+${window.rowStep} ${window.column}`;
  return [place, schemeWords(scheme), from, ...parts.sort()].join("; ");
}

/** Removes every store in the folder, and what was set aside of them. @returns the bytes freed. */
export async function clearStores(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  let freed = 0;
  for (const name of names.filter((each) => each.endsWith(extension) || isLeft(each))) {
    const path = join(folder, name);
    freed += await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    await rm(path, { force: true });
  }
  return freed;
}

function isLeft(name: string): boolean {
  return name.includes(`${extension}.`) && (name.endsWith(damagedExtension) || name.endsWith(draftExtension));
}

/** So many places of a file are looked at, so many bytes of each. */
const sampled = { places: 16, bytes: 4096 };

/**
 * A checksum of some bytes of a file, from its start to its end: archives and container images give every file the same
 * time, and a checkpoint of the next training run has the same size.
 */
async function contentSample({ realPath, size }: CheckpointFile): Promise<string | null> {
  const hash = createHash("sha1");
  try {
    const handle = await open(realPath);
    try {
      const bytes = new Uint8Array(sampled.bytes);
      const last = Math.max(0, size - sampled.bytes);
      for (let place = 0; place < sampled.places; place++) {
        const position = Math.floor((last * place) / (sampled.places - 1));
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, position);
        hash.update(bytes.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch {
    // What cannot be read has no results either.
    return null;
  }
  return hash.digest("hex");
}

/** What a claim calls a matrix whose vectors are computed too. */
function withVectors(key: string): string {
  return `${key} with vectors`;
}

function recordOf(key: string, analysis: Analysis): Record {
  const { measurement, vectors } = analysis;
  return {
    key,
    analysis: {
      ...analysis,
      measurement: { ...measurement, singularValues: base64(measurement.singularValues) },
      vectors: vectors === null ? null : mapVectors(vectors, base64),
    },
  };
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
