import { t } from "../text/l10n.ts";
import { createHash, randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Disk, DiskFile } from "./disk.ts";
import { isRunning } from "./running.ts";

/** Where an entry lies in its journal. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Told of each entry in the order of the journal; `own`: it was appended here. */
export type OnEntry = (value: unknown, place: Place, own: boolean) => void;

export interface JournalOptions {
  readonly disk: Disk;
  readonly path: string;
  /** What the journal belongs to: one of something else is begun anew. */
  readonly heading: Readonly<Record<string, unknown>>;
  readonly onEntry: OnEntry;
  /** A journal was damaged and set aside, in one sentence. */
  readonly onDamage: (message: string) => void;
}

/** Bytes that are read at once. */
const chunkBytes = 256 << 10;
const newline = Buffer.from("\n");

/**
 * Entries in a file that any number of processes append to at the same time, and that any of them may be killed over at
 * any moment. A line is a checksum, a length and JSON; the first line says what all of it belongs to. An entry is appended
 * in one piece between line breaks, so that one that was cut off spoils none but itself, and a new journal is written
 * beside its place, flushed, and renamed. Where the bytes of a whole line are not those that were written, the journal is
 * set aside under another name, and what is good of it goes on.
 */
export class Journal {
  readonly #options: JournalOptions;
  #file: DiskFile;
  #inode: string;
  /** Every line that ends before it was told of. */
  #end: number;
  /** Another journal took its place, of something else: this one goes on without a name. */
  #nameless = false;

  private constructor(options: JournalOptions, file: DiskFile, inode: string) {
    this.#options = options;
    this.#file = file;
    this.#inode = inode;
    this.#end = 0;
  }

  /**
   * Opens a journal, or begins one where there is none or one of something else, and tells of every entry in it.
   * @throws when there is none and none can be written.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { disk, path } = options;
    await disk.makeFolder(dirname(path));
    for (let attempt = 1; ; attempt++) {
      const opened = (await disk.state(path)) === null ? null : await Journal.#openFile(options);
      if (opened === null || opened.owner === "other") {
        await opened?.journal.close();
        await begin(options, null);
      } else if (opened.owner === "nobody") {
        await opened.journal.close();
        await Journal.#setAside(options, null);
      } else {
        const { journal } = opened;
        try {
          const damaged = await journal.#scan();
          // One that cannot be written anew is read as far as it is good.
          if (damaged === 0 || attempt > 2 || !(await Journal.#setAside(options, journal.#file).catch(() => false))) {
            return journal;
          }
        } catch (error) {
          await journal.close();
          throw error;
        }
        await journal.close();
      }
      if (attempt > 4) throw new Error(t("{0} is changed by others all the time", path));
    }
  }

  /**
   * Appends entries, and tells of them and of what others have appended meanwhile.
   * @throws when they cannot be written; what is there of them then is passed over by who reads it.
   */
  async append(values: readonly unknown[]): Promise<void> {
    const lines = values.map(encode);
    await this.#file.append(Buffer.concat(lines.flatMap((line) => [newline, line, newline])));
    const expected = lines.reduce((size, line) => size + line.length + 2, this.#end);
    if ((await this.#file.state()).size !== expected) {
      await this.#scan();
      return;
    }
    let offset = this.#end;
    for (const [index, { length }] of lines.entries()) {
      this.#options.onEntry(values[index], { offset: offset + 1, length }, true);
      offset += length + 2;
    }
    this.#end = offset;
  }

  /** Resolves when everything that was appended is on the disk. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  /**
   * Tells of what others have appended.
   * @param onReplaced the journal was written anew by another process, and all of it is told of again; then what this
   *   returns is called, during which the old one can still be read
   */
  async follow(onReplaced: () => (readOld: (place: Place) => Promise<unknown>) => Promise<void>): Promise<void> {
    const { disk, path } = this.#options;
    const now = this.#nameless ? null : await disk.state(path);
    if (now !== null && now.inode !== this.#inode) {
      const opened = await Journal.#openFile(this.#options).catch(() => null);
      if (opened !== null && opened.owner === "this") {
        const old = this.#file;
        this.#file = opened.journal.#file;
        this.#inode = opened.journal.#inode;
        this.#end = opened.journal.#end;
        const finish = onReplaced();
        await this.#scan();
        await finish((place) => readAt(old, place));
        await old.close();
        return;
      }
      await opened?.journal.close();
      this.#nameless = true;
    }
    const { size } = now === null || this.#nameless ? await this.#file.state() : now;
    if (size > this.#end) await this.#scan();
  }

  /** An entry; null where it is not there any more as it was written. */
  read(place: Place): Promise<unknown> {
    return readAt(this.#file, place);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** `nobody`: its first line cannot be read. */
  static async #openFile(
    options: JournalOptions,
  ): Promise<{ readonly journal: Journal; readonly owner: "this" | "other" | "nobody" } | null> {
    const file = await options.disk.open(options.path, "append").catch(() => null);
    if (file === null) return null;
    const { inode } = await file.state();
    const journal = new Journal(options, file, inode);
    for await (const { line, end } of linesOf(file, 0)) {
      journal.#end = end;
      const heading = decode(line);
      if (typeof heading === "string") break;
      return {
        journal,
        owner: JSON.stringify(heading.value) === JSON.stringify(options.heading) ? "this" : "other",
      };
    }
    return { journal, owner: "nobody" };
  }

  /** Gives a damaged journal another name, and writes what is good of it anew. @returns true when that is done */
  static async #setAside(options: JournalOptions, damaged: DiskFile | null): Promise<true> {
    const { disk, path, onDamage } = options;
    const aside = `${path}${damagedExtension}`;
    await begin(options, damaged, () => disk.link(path, aside));
    onDamage(
      t(
        "The cached results of {0} were damaged; they were set aside as {1}, and what is missing is computed again.",
        String(options.heading["path"]),
        aside,
      ),
    );
    return true;
  }

  /** Tells of every whole line from `#end` on. @returns how many lines are not what was written */
  async #scan(): Promise<number> {
    let damaged = 0;
    for await (const { line, offset, end } of linesOf(this.#file, this.#end)) {
      const entry = decode(line);
      if (typeof entry !== "string") this.#options.onEntry(entry.value, { offset, length: line.length }, false);
      else if (entry === "damaged") damaged += 1;
      this.#end = end;
    }
    return damaged;
  }
}

/** Journals that were damaged are kept under this name. */
export const damagedExtension = ".damaged";
/** Journals that are being written: left behind by a process that was killed. */
export const draftExtension = ".new";

/** Writes a journal beside its place, with what is good in another one, and puts it there. */
async function begin(
  { disk, path, heading }: JournalOptions,
  from: DiskFile | null,
  beforeRename: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const folder = dirname(path);
  const drafts = (await disk.names(folder)).filter(
    (name) => name.startsWith(basename(path)) && name.endsWith(draftExtension) && !isOfRunningProcess(name),
  );
  for (const name of drafts) await disk.remove(join(folder, name));
  const draft = `${path}.${process.pid}-${randomBytes(4).toString("hex")}${draftExtension}`;
  const file = await disk.open(draft, "create");
  try {
    await file.append(Buffer.concat([encode(heading), newline]));
    if (from !== null) {
      let first = true;
      for await (const { line } of linesOf(from, 0)) {
        if (!first && typeof decode(line) !== "string") await file.append(Buffer.concat([newline, line, newline]));
        first = false;
      }
    }
    await file.sync();
  } catch (error) {
    await file.close();
    await disk.remove(draft);
    throw error;
  }
  await file.close();
  await beforeRename();
  await disk.rename(draft, path);
  await disk.syncFolder(folder);
}

function isOfRunningProcess(draft: string): boolean {
  const pid = /\.(\d+)-[0-9a-f]+\.new$/u.exec(draft)?.[1];
  return pid !== undefined && isRunning(Number(pid));
}

async function readAt(file: DiskFile, { offset, length }: Place): Promise<unknown> {
  const line = Buffer.from(await file.read(length, offset));
  const entry = decode(line);
  return typeof entry === "string" ? null : entry.value;
}

/** The lines that end in a line break, without it, from a place on. Empty ones are passed over. */
async function* linesOf(
  file: DiskFile,
  from: number,
): AsyncGenerator<{ readonly line: Buffer; readonly offset: number; readonly end: number }, undefined> {
  let rest: Buffer[] = [];
  let offset = from;
  for (let position = from; ;) {
    const bytes = await file.read(chunkBytes, position);
    if (bytes.length === 0) return;
    position += bytes.length;
    let chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10)) {
      const line = rest.length === 0 ? chunk.subarray(0, at) : Buffer.concat([...rest, chunk.subarray(0, at)]);
      rest = [];
      const end = offset + line.length + 1;
      if (line.length > 0) yield { line, offset, end };
      offset = end;
      chunk = chunk.subarray(at + 1);
    }
    if (chunk.length > 0) rest.push(chunk);
  }
}

function encode(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value), "utf8");
  return Buffer.concat([Buffer.from(`${checksum(json)} ${json.length} `, "latin1"), json]);
}

/** `torn`: the beginning of a line, which is all that was written of it. `damaged`: not what was written. */
function decode(line: Buffer): { readonly value: unknown } | "torn" | "damaged" {
  const start = line.subarray(0, 32).toString("latin1");
  const [beginning, sum, length] = /^([0-9a-f]{16}) (\d{1,12}) /u.exec(start) ?? [];
  if (beginning === undefined) return /^[0-9a-f]{1,16}( \d{0,12})?$/u.test(start) ? "torn" : "damaged";
  const json = line.subarray(beginning.length);
  if (json.length < Number(length)) return "torn";
  if (json.length > Number(length) || checksum(json) !== sum) return "damaged";
  return { value: JSON.parse(json.toString("utf8")) as unknown };
}

function checksum(bytes: Buffer): string {
  return createHash("sha1").update(bytes).digest("hex").slice(0, 16);
}
