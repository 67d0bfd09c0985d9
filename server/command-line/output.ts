import { errorCode } from "../text/error-code.ts";
import { t } from "../text/l10n.ts";
import { randomBytes } from "node:crypto";
import { constants, createWriteStream } from "node:fs";
import { access, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { quote } from "../checkpoint/quote.ts";
import { whyNotWritten } from "../text/write-failure.ts";

/** The results could not be written: the message is one plain sentence. */
export class OutputError extends Error {}

/**
 * Writes to standard output, until whoever reads it has enough, or to a file, whole or not at all: a file that was there
 * before stays as it was until the new one is complete and on the disk. Throws {@link OutputError}, and the signal's
 * reason when it is aborted.
 */
export async function writeOutput(
  output: string | null,
  pieces: AsyncIterable<string> | Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  if (output === null) await writeToStandardOutput(pieces, signal);
  else await writeFileWhole(output, pieces, signal);
}

/** Says before hours of work that their results could not be written. Throws {@link OutputError}. */
export async function checkOutput(output: string): Promise<void> {
  const { path, kind } = await targetOf(output);
  if (kind === "folder") throw new OutputError(t("{0} cannot be written: it is a folder", quote(output)));
  try {
    // With the slash only a folder is meant.
    await access(kind === "device" ? path : `${dirname(path)}/`, constants.W_OK);
  } catch (error) {
    throw explain(output, error);
  }
}

async function writeToStandardOutput(
  pieces: AsyncIterable<string> | Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  try {
    // Standard output is not ours to end.
    await pipeline(pieces, process.stdout, { end: false, signal });
  } catch (error) {
    signal.throwIfAborted();
    const code = errorCode(error);
    if (code !== "EPIPE" && code !== "ERR_STREAM_PREMATURE_CLOSE") throw explain(null, error);
  }
}

async function writeFileWhole(
  output: string,
  pieces: AsyncIterable<string> | Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const { path, kind } = await targetOf(output);
  try {
    if (kind === "device") {
      await pipeline(pieces, createWriteStream(path), { signal });
      return;
    }
    // Beside the target, because only within one file system is a file renamed at once.
    const unfinished = join(
      dirname(path),
      `.${basename(path).slice(0, 32)}.${randomBytes(6).toString("hex")}.unfinished`,
    );
    try {
      const file = await open(unfinished, "wx");
      await pipeline(pieces, file.createWriteStream({ flush: true }), { signal });
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw explain(output, error);
  }
}

/** What stands where the results shall go, symbolic links followed. */
async function targetOf(
  output: string,
): Promise<{ readonly path: string; readonly kind: "file" | "folder" | "device" }> {
  const path = await realpath(output).catch(() => output);
  const found = await stat(path).catch(() => null);
  if (found === null || found.isFile()) return { path, kind: "file" };
  return { path, kind: found.isDirectory() ? "folder" : "device" };
}

function explain(output: string | null, error: unknown): OutputError {
  const what = output === null ? t("The results") : quote(output);
  return new OutputError(t("{0} cannot be written: {1}", what, whyNotWritten(error)), { cause: error });
}
