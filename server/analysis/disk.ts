import { constants } from "node:fs";
import { copyFile, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { readRange } from "../checkpoint/read-bytes.ts";

/** What tells a file from the one that takes its place. */
export interface FileState {
  readonly inode: string;
  readonly size: number;
}

/** An open file that only grows. */
export interface DiskFile {
  /** Appends all of it in one piece; where that fails, a beginning of it may be there. */
  append(bytes: Uint8Array): Promise<void>;
  /** Fewer bytes at the end of the file. */
  read(length: number, position: number): Promise<Uint8Array>;
  /** Resolves when everything that was appended is on the disk. */
  sync(): Promise<void>;
  state(): Promise<FileState>;
  close(): Promise<void>;
}

/** What is needed of a file system to keep results: small enough to be stood in for by one that fails. */
export interface Disk {
  makeFolder(path: string): Promise<void>;
  /** `create`: empty, whatever was there; `append`: a file that is there. */
  open(path: string, how: "create" | "append"): Promise<DiskFile>;
  /** Null where there is no file. */
  state(path: string): Promise<FileState | null>;
  /** At once, over what is there. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name. */
  link(from: string, to: string): Promise<void>;
  /** Resolves when names that were given are on the disk. */
  syncFolder(path: string): Promise<void>;
  names(folder: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
}

export const disk: Disk = {
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true });
  },
  open: async (path, how) => {
    const { O_APPEND, O_CREAT, O_RDWR, O_TRUNC } = constants;
    const handle = await open(path, O_RDWR | O_APPEND | (how === "create" ? O_CREAT | O_TRUNC : 0));
    return {
      append: async (bytes) => {
        for (let done = 0; done < bytes.length;) {
          done += (await handle.write(bytes, done)).bytesWritten;
        }
      },
      read: (length, position) => readRange(handle, position, length),
      sync: () => handle.datasync(),
      state: async () => stateOf(await handle.stat({ bigint: true })),
      close: () => handle.close(),
    };
  },
  state: (path) =>
    stat(path, { bigint: true }).then(
      (found) => (found.isFile() ? stateOf(found) : null),
      () => null,
    ),
  rename,
  link: async (from, to) => {
    await rm(to, { force: true });
    // Some file systems have no second names.
    await link(from, to).catch(() => copyFile(from, to));
  },
  syncFolder: async (path) => {
    // Windows has no such thing, and some network file systems neither.
    const handle = await open(path).catch(() => null);
    try {
      await handle?.sync();
    } catch {
      // As above.
    } finally {
      await handle?.close();
    }
  },
  names: (folder) => readdir(folder).catch(() => []),
  remove: (path) => rm(path, { force: true }),
};

function stateOf({ ino, size }: { readonly ino: bigint; readonly size: bigint }): FileState {
  return { inode: String(ino), size: Number(size) };
}
