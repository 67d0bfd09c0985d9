import { errorCode } from "../text/error-code.ts";
import { t } from "../text/l10n.ts";
import { constants, type Stats } from "node:fs";
import { lstat, open, realpath, stat, type FileHandle } from "node:fs/promises";
import { inSlices } from "../collections/sliced.ts";
import type { CheckpointFile, CheckpointProblem } from "./checkpoint.ts";
import { signatureBytes } from "./foreign-file.ts";
import { readRange } from "./read-bytes.ts";
import { headerLength, lengthBytes, parsingHeader } from "./header.ts";
import type { HeaderTensor } from "./usual-entries.ts";

/** A `.safetensors` file as its header describes it. */
export interface FileContents {
  readonly file: CheckpointFile;
  readonly tensors: readonly HeaderTensor[];
  readonly unusable: ReadonlySet<string>;
  /** Whether the header could be read at all: only then is a name that is not in it known to be absent. */
  readonly readable: boolean;
  readonly problems: readonly CheckpointProblem[];
}

/** There is no file, or it cannot be read: the message is one plain sentence. */
export class FileError extends Error {}

/** Reads the header of a file, and nothing else of it. Throws {@link FileError}. */
export async function readFileHeader(path: string): Promise<FileContents> {
  return await withFile(path, async (handle, realPath) => {
    const state = await handle.stat();
    const { size, mtimeMs } = state;
    const start = await readRange(handle, 0, Math.min(size, signatureBytes));
    const { length, problem } = headerLength(path, start, size);
    const file = { path, realPath, size, modified: mtimeMs, version: versionOf(state), headerBytes: 0, metadata: {} };
    if (length === null) return { file, tensors: [], unusable: new Set(), readable: false, problems: [problem] };

    const json = await readRange(handle, lengthBytes, length);
    const { tensors, metadata, unusable, problems } = await inSlices(parsingHeader(path, json, size));
    return {
      file: { ...file, headerBytes: lengthBytes + length, metadata },
      tensors,
      unusable,
      readable: tensors.length + unusable.size > 0 || problems.length === 0,
      problems,
    };
  });
}

/** {@link CheckpointFile.version} of a file as it is now; null where there is none. */
export async function fileVersion(path: string): Promise<string | null> {
  return stat(path).then(versionOf, () => null);
}

/** The time of the last change of any kind is the system's: who sets the time of modification back changes it too. */
function versionOf({ size, mtimeMs, ctimeMs }: Stats): string {
  return `${size} ${mtimeMs} ${ctimeMs}`;
}

/** The text of a JSON document. Throws {@link FileError}. */
export async function readText(path: string, longest: number): Promise<string> {
  return await withFile(path, async (handle) => {
    const { size } = await handle.stat();
    if (size > longest)
      throw new FileError(t("The file has {0} bytes, more than the {1} that are read of such a file.", size, longest));
    return new TextDecoder("utf-8").decode(await readRange(handle, 0, size));
  });
}

/** One plain sentence for an error of the file system. */
export function explainFileError(error: unknown): string {
  const code = errorCode(error);
  return code === null
    ? t("The file cannot be read.")
    : (errorSentences[code]?.() ?? t("The file cannot be read ({0}).", code));
}

const errorSentences: Partial<Record<string, () => string>> = {
  ENOENT: () => t("There is no such file."),
  ENOTDIR: () => t("There is no such file: a part of the path is not a folder."),
  EACCES: () => t("The file cannot be read: permission denied."),
  EPERM: () => t("The file cannot be read: permission denied."),
  EISDIR: () => t("This is a folder, not a file."),
  ELOOP: () => t("The file cannot be read: its symbolic links go in a circle."),
  ENAMETOOLONG: () => t("There is no such file: the name is too long."),
  EMFILE: () => t("The file cannot be read: too many files are open."),
  EIO: () => t("The file cannot be read: the disk reports an error."),
};

async function withFile<T>(path: string, use: (handle: FileHandle, realPath: string) => Promise<T>): Promise<T> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    handle = await open(path, constants.O_RDONLY | (process.platform === "win32" ? 0 : constants.O_NONBLOCK));
  } catch (error) {
    throw new FileError(await explainOpenError(path, error), { cause: error });
  }
  try {
    const found = await handle.stat();
    if (found.isDirectory()) throw new FileError(t("This is a folder, not a file."));
    if (!found.isFile()) throw new FileError(t("This is not a regular file but a device, a pipe or a socket."));
    return await use(handle, await realpath(path));
  } catch (error) {
    throw errorCode(error) === null ? error : new FileError(explainFileError(error), { cause: error });
  } finally {
    await handle.close();
  }
}

async function explainOpenError(path: string, error: unknown): Promise<string> {
  const sentence = explainFileError(error);
  if (errorCode(error) !== "ENOENT") return sentence;
  const link = await lstat(path).catch(() => null);
  return link?.isSymbolicLink() === true
    ? t("This is a symbolic link to a file that is not there: the download is incomplete or the file was moved.")
    : sentence;
}
