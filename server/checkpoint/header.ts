/**
 * The header of a `.safetensors` file: 8 bytes of length, little-endian, then as many bytes of JSON. Judged as the
 * reference implementation does (safetensors, `SafeTensors::read_metadata` and `Metadata::validate`), but instead of
 * stopping at the first error, every error is told and whatever can still be read is kept.
 */
import { t } from "../text/l10n.ts";
import { atOnce, forEachSliced, type Sliced } from "../collections/sliced.ts";
import type { CheckpointProblem } from "./checkpoint.ts";
import { dtypeBits, isDtype } from "./dtype.ts";
import { describeForeignFile } from "./foreign-file.ts";
import { JsonError, JsonObject, OddNumber, parseMembers, type Json } from "./json.ts";
import { ProblemList } from "./problem-list.ts";
import { byteCount, quote, tensorCount } from "./quote.ts";
import { bitsOf, metadataKey, UsualEntries, type HeaderTensor } from "./usual-entries.ts";

/** Bytes of the length before the JSON. */
export const lengthBytes = 8;

/** No checkpoint has as many tensors; beyond, a header is only there to use up time and memory. */
const mostTensors = 1_000_000;

/** The reference implementation reads no longer header. */
export const longestHeader = 100_000_000;

export interface Header {
  /** By offset. */
  readonly tensors: readonly HeaderTensor[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Names with an entry that cannot be used: a wrong entry, or data beyond the file's end. */
  readonly unusable: ReadonlySet<string>;
  readonly problems: readonly CheckpointProblem[];
}

export type HeaderLength =
  { readonly length: number; readonly problem: null } | { readonly length: null; readonly problem: CheckpointProblem };

/**
 * The length of the JSON, or why there is none.
 * @param start the first bytes of the file: 8 at least where it has them, more to recognise other kinds of files
 */
export function headerLength(path: string, start: Uint8Array, fileSize: number): HeaderLength {
  const refuse = (code: CheckpointProblem["code"], message: string): HeaderLength => {
    return { length: null, problem: { code, severity: "error", message, path, byteOffset: 0 } };
  };
  if (fileSize === 0) return refuse("unreadable-file", t("The file is empty."));
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = start.byteLength < lengthBytes ? null : view.getBigUint64(0, true);
  if (length !== null && length > 0 && length <= longestHeader && lengthBytes + Number(length) <= fileSize) {
    return { length: Number(length), problem: null };
  }
  const foreign = describeForeignFile(start);
  if (foreign !== null) return refuse("unreadable-file", foreign);
  if (length === null) {
    return refuse(
      "invalid-header",
      t(
        "The file has {0}, too few for the {1} bytes of length that a safetensors file starts with.",
        byteCount(fileSize),
        lengthBytes,
      ),
    );
  }
  if (length === 0n) return refuse("invalid-header", t("The length of the header (the first 8 bytes) is 0."));
  if (length > longestHeader) {
    return refuse(
      "invalid-header",
      t(
        "The length of the header (the first 8 bytes) is {0}, more than the {1} that are allowed: this is not a safetensors file.",
        String(length),
        longestHeader,
      ),
    );
  }
  return refuse(
    "unreadable-file",
    t(
      "The header should have {0} bytes, but the file ends after {1} of them: the download is unfinished; download it again.",
      String(length),
      fileSize - lengthBytes,
    ),
  );
}

/**
 * The header's contents.
 * @param json the bytes after the length, as many as it says
 * @param fileSize bytes of the whole file
 */
export function parseHeader(path: string, json: Uint8Array, fileSize: number): Header {
  return atOnce(parsingHeader(path, json, fileSize));
}

/** As {@link parseHeader}, in slices. */
export function* parsingHeader(path: string, json: Uint8Array, fileSize: number): Sliced<Header> {
  const problems = new ProblemList(path);
  const root = yield* readObject(json, problems);
  if (root === null) return { tensors: [], metadata: {}, unusable: new Set(), problems: problems.list() };

  const metadata = readMetadata(root, problems);
  for (const name of new Set(root.repeated)) {
    if (name === metadataKey) continue;
    problems.add({
      code: "duplicate-key",
      severity: "warning",
      message: t(
        "Tensor {0} is in the header more than once: the last entry is used, but readers differ.",
        quote(name),
      ),
      tensor: name,
    });
  }

  const dataStart = lengthBytes + json.byteLength;
  const tensors: HeaderTensor[] = [];
  const unusable = new Set<string>();
  const ranges: Range[] = [];
  yield* forEachSliced(root.entries, ([name, entry]) => {
    if (name === metadataKey) return;
    if (isTensor(entry)) {
      tensors.push(entry);
      ranges.push(entry);
      return;
    }
    const read = readEntry(name, entry, dataStart, problems);
    if (read.tensor !== null) tensors.push(read.tensor);
    else unusable.add(name);
    if (read.range !== null) ranges.push(read.range);
  });
  // Where an entry has no offsets, a hole is only its consequence.
  const complete = ranges.length === tensors.length + unusable.size;
  checkLayout(ranges, complete, dataStart, fileSize, problems);

  const inside = tensors.filter(({ name, end }) => {
    if (end <= fileSize) return true;
    unusable.add(name);
    return false;
  });
  inside.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { tensors: inside, metadata, unusable, problems: problems.list() };
}

/** Whether an entry has been read as what it describes. */
function isTensor(entry: Json | HeaderTensor): entry is HeaderTensor {
  return typeof entry === "object" && entry !== null && "dtype" in entry;
}

function* readObject(json: Uint8Array, problems: ProblemList): Sliced<JsonObject<HeaderTensor> | null> {
  const refuse = (message: string, offset: number): null => {
    const byteOffset = lengthBytes + offset;
    problems.add({ code: "invalid-header", severity: "error", message, byteOffset });
    return null;
  };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
  } catch {
    const offset = firstInvalidByte(json);
    return refuse(t("The header is not valid UTF-8 at byte {0}.", lengthBytes + offset), offset);
  }
  try {
    const root = yield* parseMembers(text, new UsualEntries(lengthBytes + json.byteLength));
    if (!(root instanceof JsonObject)) return refuse(t("The header is valid JSON but not an object."), 0);
    return root.entries.size <= mostTensors
      ? root
      : refuse(t("The header has {0} entries, more than the {1} that are read.", root.entries.size, mostTensors), 0);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const offset = Buffer.byteLength(text.slice(0, error.offset));
    return refuse(t("The header is not valid JSON at byte {0}: {1}.", lengthBytes + offset, error.message), offset);
  }
}

/** Invalid bytes become U+FFFD when decoded, so that encoding again first differs where they are. */
function firstInvalidByte(bytes: Uint8Array): number {
  const again = Buffer.from(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  const offset = bytes.findIndex((byte, i) => byte !== again[i]);
  return offset === -1 ? bytes.length : offset;
}

function readMetadata(root: JsonObject<HeaderTensor>, problems: ProblemList): Record<string, string> {
  const wrong = (message: string): void => {
    problems.add({ code: "invalid-header", severity: "error", message });
  };
  if (root.repeated.includes(metadataKey)) wrong(t('"{0}" is in the header more than once.', metadataKey));
  const value = root.entries.get(metadataKey);
  // The reference implementation takes null for absent.
  if (value === undefined || value === null || isTensor(value)) return {};
  if (!(value instanceof JsonObject)) {
    wrong(t('"{0}" is {1}, but must be an object of texts.', metadataKey, describe(value)));
    return {};
  }
  for (const key of new Set(value.repeated)) {
    problems.add({
      code: "duplicate-key",
      severity: "warning",
      message: t(
        'Key {0} is in "{1}" more than once: the last value is used, but readers differ.',
        quote(key),
        metadataKey,
      ),
    });
  }
  const texts: [string, string][] = [];
  for (const [key, text] of value.entries) {
    if (typeof text === "string") texts.push([key, text]);
    else wrong(t('"{0}" has {1} at key {2}, but every value must be a text.', metadataKey, describe(text), quote(key)));
  }
  // fromEntries defines properties, so that a key "__proto__" is a key like any other.
  return Object.fromEntries(texts);
}

interface Range {
  readonly name: string;
  /** From the file's start. */
  readonly begin: number;
  readonly end: number;
}

interface Entry {
  readonly tensor: HeaderTensor | null;
  /** Where the data lie, for the check of the layout, even when the rest of the entry is wrong. */
  readonly range: Range | null;
}

function readEntry(name: string, entry: Json, dataStart: number, problems: ProblemList): Entry {
  const mistakes: string[] = [];
  const wrong = (what: string): void => {
    mistakes.push(what);
    problems.add({
      code: "invalid-header",
      severity: "error",
      message: t("Tensor {0} {1}.", quote(name), what),
      tensor: name,
    });
  };
  if (!(entry instanceof JsonObject)) {
    wrong(t("has {0} as its entry, but an object with dtype, shape and data_offsets is required", describe(entry)));
    return { tensor: null, range: null };
  }
  for (const key of ["dtype", "shape", "data_offsets"]) {
    if (!entry.entries.has(key)) wrong(t("has no {0}", key));
    if (entry.repeated.includes(key)) wrong(t("has more than one {0}", key));
  }

  const dtype = entry.entries.get("dtype");
  if (dtype !== undefined && typeof dtype !== "string")
    wrong(t("has {0} as its dtype, but a text is required", describe(dtype)));
  else if (dtype !== undefined && !isDtype(dtype)) wrong(t("has the unknown dtype {0}", quote(dtype)));

  const shapeValue = entry.entries.get("shape");
  const shape = wholeNumbers(shapeValue);
  if (shapeValue !== undefined && shape === null) {
    wrong(t("has the shape {0}, but a list of whole numbers from 0 is required", write(shapeValue)));
  }

  const offsetsValue = entry.entries.get("data_offsets");
  const offsets = wholeNumbers(offsetsValue);
  let range: Range | null = null;
  if (offsetsValue !== undefined) {
    const [begin, end] = offsets ?? [];
    if (begin === undefined || end === undefined || offsets?.length !== 2) {
      wrong(t("has the data_offsets {0}, but two whole numbers from 0 are required", write(offsetsValue)));
    } else if (begin > end) wrong(t("has the data_offsets {0}, which begin after they end", write(offsetsValue)));
    else if (!Number.isSafeInteger(dataStart + end))
      wrong(t("has data_offsets {0} beyond any file", write(offsetsValue)));
    else range = { name, begin: dataStart + begin, end: dataStart + end };
  }

  if (mistakes.length > 0 || shape === null || range === null || typeof dtype !== "string" || !isDtype(dtype)) {
    return { tensor: null, range };
  }
  const bits = bitsOf(shape, dtypeBits[dtype]);
  const kind = [dtype, write(shape)] as const;
  if (bits === null) wrong(t("of dtype {0} and shape {1} is too large: its number of bytes overflows", ...kind));
  else if (bits % 8 !== 0) {
    wrong(t("of dtype {0} and shape {1} takes {2} bits, which is no whole number of bytes", ...kind, bits));
  } else if (bits / 8 !== range.end - range.begin) {
    wrong(
      t(
        "of dtype {0} and shape {1} takes {2}, but its data_offsets {3} hold {4}",
        ...kind,
        byteCount(bits / 8),
        write(offsetsValue!),
        range.end - range.begin,
      ),
    );
  }
  return { tensor: mistakes.length === 0 ? { name, dtype, shape, begin: range.begin, end: range.end } : null, range };
}

/** The data must follow each other without a hole or an overlap and end where the file ends. */
function checkLayout(
  ranges: Range[],
  complete: boolean,
  dataStart: number,
  fileSize: number,
  problems: ProblemList,
): void {
  const wrong = (message: string, byteOffset: number, tensor?: string): void => {
    problems.add({
      code: "invalid-header",
      severity: "error",
      message,
      byteOffset,
      ...(tensor === undefined ? {} : { tensor }),
    });
  };
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let last: Range | null = null;
  let end = dataStart;
  for (const range of ranges) {
    if (range.begin > end && complete) {
      wrong(
        t(
          "There is a hole of {0} at byte {1}, before tensor {2}, that belongs to no tensor.",
          byteCount(range.begin - end),
          end,
          quote(range.name),
        ),
        end,
        range.name,
      );
    } else if (range.begin < end && last !== null) {
      wrong(
        t(
          "Tensor {0} begins at byte {1}, inside tensor {2}, which ends at byte {3}.",
          quote(range.name),
          range.begin,
          quote(last.name),
          end,
        ),
        range.begin,
        range.name,
      );
    }
    if (range.end >= end) {
      end = range.end;
      last = range;
    }
  }
  if (end < fileSize && complete) {
    wrong(
      t(
        "The tensors end at byte {0}, but the file has {1}: it is {2} too long.",
        end,
        fileSize,
        byteCount(fileSize - end),
      ),
      end,
    );
  }
  if (end > fileSize) {
    const cut = ranges.filter((range) => range.end > fileSize);
    problems.add({
      code: "unreadable-file",
      severity: "error",
      message: t(
        "The file ends at byte {0}, but its tensors go on to byte {1}: the download is unfinished and {2} of {3} cannot be read; download it again.",
        fileSize,
        end,
        cut.length,
        tensorCount(ranges.length),
      ),
      byteOffset: fileSize,
    });
  }
}

function wholeNumbers(value: Json | undefined): number[] | null {
  if (!Array.isArray(value)) return null;
  const numbers = (value as readonly Json[]).filter((item) => typeof item === "number");
  return numbers.length === value.length ? numbers : null;
}

function describe(value: Json): string {
  if (value === null) return "null";
  if (value instanceof JsonObject) return t("an object");
  if (Array.isArray(value)) return t("a list");
  if (typeof value === "string") return t("the text {0}", quote(value));
  if (typeof value === "boolean") return String(value);
  return t("the number {0}", write(value));
}

/** A value as JSON, shortened. */
function write(value: Json): string {
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).slice(0, 8).map(write);
    return `[${items.join(", ")}${value.length > items.length ? ", …" : ""}]`;
  }
  if (value instanceof OddNumber) return value.text.length > 40 ? `${value.text.slice(0, 40)}…` : value.text;
  if (value instanceof JsonObject) return "{…}";
  if (typeof value === "string") return quote(value);
  return JSON.stringify(value);
}
