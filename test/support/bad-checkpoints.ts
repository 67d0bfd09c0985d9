/**
 * Checkpoints that are broken or hostile, made by hand: each breaks one rule of the format, or is what people open by
 * mistake. With what is said of each, where, and what can still be read.
 */
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointProblem } from "../../server/checkpoint/checkpoint.ts";
import { encode, safetensors, withHeader } from "./safetensors.ts";

/** What stands in a file; or a link, or as many zeros behind its first bytes, which take no place on the disk. */
type Contents = string | Uint8Array | { readonly link: string } | { readonly start: Uint8Array; readonly size: number };

export interface BadCheckpoint {
  readonly what: string;
  readonly files: Readonly<Record<string, Contents>>;
  /** The file that is opened. */
  readonly open: string;
  readonly code: CheckpointProblem["code"];
  readonly severity: CheckpointProblem["severity"];
  /** Part of the one sentence that is said, with the place. */
  readonly sentence: string;
  /** Names of the tensors that can be read all the same. */
  readonly readable: readonly string[];
}

/** Writes one into a folder of its own. @returns the path to open */
export async function writeBadCheckpoint(folder: string, { files, open }: BadCheckpoint): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, contents] of Object.entries(files)) {
    const path = join(folder, name);
    if (typeof contents === "string" || contents instanceof Uint8Array) await writeFile(path, contents);
    else if ("link" in contents) await symlink(contents.link, path);
    else {
      await writeFile(path, contents.start);
      await truncate(path, contents.size);
    }
  }
  return join(folder, open);
}

const tensor = (dtype: string, shape: string, begin: number, end: number): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

const a4 = tensor("F32", "[1]", 0, 4);
const huge = "9007199254740992";

/** The length field that a file begins with. */
function lengthField(length: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(length));
  return bytes;
}

/** A file of a header and as many zeros. */
function file(header: string | Uint8Array, dataBytes: number): Uint8Array {
  const json = Buffer.from(header);
  return Buffer.concat([lengthField(json.byteLength), json, Buffer.alloc(dataBytes)]);
}

const vector = (...values: number[]) => ({
  dtype: "F32" as const,
  shape: [values.length],
  data: encode(values, "F32"),
});
const shard = (...names: string[]): Uint8Array =>
  safetensors(Object.fromEntries(names.map((name, i) => [name, vector(i, i + 1)])));
const index = (map: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ metadata: { total_size: 0 }, weight_map: map });

const one = "model-00001-of-00002.safetensors";
const two = "model-00002-of-00002.safetensors";
const indexName = "model.safetensors.index.json";
const good = { [one]: shard("a", "b"), [two]: shard("c") };

/** Headers: what, the JSON, bytes of data, the sentence, and the names that can still be read. */
const headers: readonly (readonly [
  what: string,
  json: string | Uint8Array,
  dataBytes: number,
  sentence: string,
  readable: readonly string[],
])[] = [
  ["no JSON", "spectrum", 0, `The header is not valid JSON at byte 8: a value expected, not "s".`, []],
  ["an end too early", `{"a":`, 0, "The header is not valid JSON at byte 13: a value expected, but it ends.", []],
  [
    "a key without quotes",
    `{a:1}`,
    0,
    `The header is not valid JSON at byte 9: a key in "quotes" expected, not "a".`,
    [],
  ],
  ["a comma too many", `{"a":${a4},}`, 4, `a key in "quotes" expected, not "}".`, []],
  ["a missing colon", `{"a" 1}`, 0, `The header is not valid JSON at byte 13: ":" expected, not "1".`, []],
  ["a missing comma", `{"a":1 "b":2}`, 0, `"," or "}" expected, not "\\"".`, []],
  ["a list without an end", `{"a":[1,2}`, 0, `"," or "]" expected, not "}".`, []],
  ["something after the end", `{} x`, 0, `The header is not valid JSON at byte 11: the end expected, not "x".`, []],
  ["zeros after the end", `{}\0\0`, 0, "the end expected", []],
  ["a comment", `{/* */}`, 0, `a key in "quotes" expected, not "/".`, []],
  ["a leading zero", `{"a":01}`, 0, `"," or "}" expected, not "1".`, []],
  ["a bare NaN", `{"a":NaN}`, 0, `a value expected, not "N".`, []],
  ["a line break in a string", `{"a\n":1}`, 0, "at byte 11: a control character inside a string.", []],
  ["a string without an end", `{"abc`, 0, "at byte 9: a string without an end.", []],
  ["an invalid escape", `{"\\x":1}`, 0, "at byte 9: a string with an invalid escape.", []],
  ["half a surrogate pair", `{"\\ud800":1}`, 0, "at byte 9: a string with half a surrogate pair.", []],
  ["a byte order mark", "\uFEFF{}", 0, "The header is not valid JSON at byte 8", []],
  ["nesting without an end", `{"a":${"[".repeat(100_000)}`, 0, "nested more than 128 deep", []],
  ["an error behind characters of several bytes", `{"äöü€": x}`, 0, "at byte 22: a value expected", []],
  ["a list instead of an object", `[]`, 0, "The header is valid JSON but not an object.", []],
  [
    "metadata that is a text",
    `{"__metadata__":"pt","a":${a4}}`,
    4,
    `"__metadata__" is the text "pt", but must be an object of texts.`,
    ["a"],
  ],
  [
    "a number in the metadata",
    `{"__metadata__":{"step":5},"a":${a4}}`,
    4,
    `"__metadata__" has the number 5 at key "step", but every value must be a text.`,
    ["a"],
  ],
  ["an object in the metadata", `{"__metadata__":{"x":{}}}`, 0, `"__metadata__" has an object at key "x"`, []],
  [
    "metadata twice",
    `{"__metadata__":{},"__metadata__":{},"a":${a4}}`,
    4,
    `"__metadata__" is in the header more than once.`,
    ["a"],
  ],
  [
    "an entry that is no object",
    `{"x":7,"a":${a4}}`,
    4,
    `Tensor "x" has the number 7 as its entry, but an object with dtype, shape and data_offsets is required.`,
    ["a"],
  ],
  ["an entry that is null", `{"x":null}`, 0, `Tensor "x" has null as its entry`, []],
  ["no dtype", `{"x":{"shape":[1],"data_offsets":[0,4]}}`, 4, `Tensor "x" has no dtype.`, []],
  ["no shape", `{"x":{"dtype":"F32","data_offsets":[0,4]}}`, 4, `Tensor "x" has no shape.`, []],
  ["no data_offsets", `{"x":{"dtype":"F32","shape":[0]}}`, 0, `Tensor "x" has no data_offsets.`, []],
  [
    "a field twice",
    `{"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
    4,
    `Tensor "x" has more than one dtype.`,
    [],
  ],
  ["an unknown dtype", `{"x":${tensor("Q4_K", "[1]", 0, 4)}}`, 4, `Tensor "x" has the unknown dtype "Q4_K".`, []],
  ["a dtype in lower case", `{"x":${tensor("f32", "[1]", 0, 4)}}`, 4, `Tensor "x" has the unknown dtype "f32".`, []],
  [
    "a dtype named as a prototype's method",
    `{"x":${tensor("toString", "[1]", 0, 4)}}`,
    4,
    `the unknown dtype "toString"`,
    [],
  ],
  [
    "a dtype that is no text",
    `{"x":{"dtype":5,"shape":[1],"data_offsets":[0,4]}}`,
    4,
    `Tensor "x" has the number 5 as its dtype, but a text is required.`,
    [],
  ],
  [
    "a negative dimension",
    `{"x":${tensor("F32", "[2,-1]", 0, 4)}}`,
    4,
    `Tensor "x" has the shape [2, -1], but a list of whole numbers from 0 is required.`,
    [],
  ],
  [
    "a dimension with a fraction",
    `{"x":${tensor("F32", "[1.0]", 0, 4)}}`,
    4,
    `Tensor "x" has the shape [1.0], but`,
    [],
  ],
  [
    "a dimension with an exponent",
    `{"x":${tensor("F32", "[1e0]", 0, 4)}}`,
    4,
    `Tensor "x" has the shape [1e0], but`,
    [],
  ],
  ["a dimension that is a text", `{"x":${tensor("F32", '["1"]', 0, 4)}}`, 4, `Tensor "x" has the shape ["1"], but`, []],
  ["a shape that is a number", `{"x":${tensor("F32", "1", 0, 4)}}`, 4, `Tensor "x" has the shape 1, but`, []],
  [
    "a shape that overflows",
    `{"x":${tensor("F32", "[4294967296,4294967296]", 0, 4)}}`,
    4,
    `Tensor "x" of dtype F32 and shape [4294967296, 4294967296] is too large: its number of bytes overflows.`,
    [],
  ],
  [
    "a shape that overflows before a zero",
    `{"x":${tensor("F32", "[4294967296,4294967296,0]", 0, 0)}}`,
    0,
    "its number of bytes overflows.",
    [],
  ],
  [
    "one offset",
    `{"x":{"dtype":"F32","shape":[1],"data_offsets":[4]}}`,
    4,
    `Tensor "x" has the data_offsets [4], but two whole numbers from 0 are required.`,
    [],
  ],
  [
    "three offsets",
    `{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}`,
    4,
    `Tensor "x" has the data_offsets [0, 4, 4], but`,
    [],
  ],
  ["a negative offset", `{"x":${tensor("F32", "[1]", -4, 0)}}`, 4, `Tensor "x" has the data_offsets [-4, 0], but`, []],
  [
    "an offset no number can hold",
    `{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,${huge}]}}`,
    4,
    `Tensor "x" has the data_offsets [0, ${huge}], but`,
    [],
  ],
  [
    "offsets the wrong way round",
    `{"x":${tensor("F32", "[1]", 4, 0)}}`,
    4,
    `Tensor "x" has the data_offsets [4, 0], which begin after they end.`,
    [],
  ],
  [
    "too few bytes for the shape",
    `{"x":${tensor("F32", "[2,2]", 0, 12)}}`,
    12,
    `Tensor "x" of dtype F32 and shape [2, 2] takes 16 bytes, but its data_offsets [0, 12] hold 12.`,
    [],
  ],
  [
    "too many bytes for the shape",
    `{"x":${tensor("BF16", "[1]", 0, 4)}}`,
    4,
    `Tensor "x" of dtype BF16 and shape [1] takes 2 bytes, but its data_offsets [0, 4] hold 4.`,
    [],
  ],
  [
    "half a byte",
    `{"x":${tensor("F4", "[3]", 0, 2)}}`,
    2,
    `Tensor "x" of dtype F4 and shape [3] takes 12 bits, which is no whole number of bytes.`,
    [],
  ],
  [
    "a hole at the start",
    `{"a":${tensor("F32", "[1]", 4, 8)}}`,
    8,
    `There is a hole of 4 bytes at byte 62, before tensor "a", that belongs to no tensor.`,
    ["a"],
  ],
  [
    "a hole between",
    `{"a":${a4},"b":${tensor("U8", "[1]", 5, 6)}}`,
    6,
    `There is a hole of 1 byte at byte`,
    ["a", "b"],
  ],
  [
    "an overlap",
    `{"a":${a4},"b":${tensor("F32", "[1]", 2, 6)}}`,
    6,
    `Tensor "b" begins at byte 117, inside tensor "a", which ends at byte 119.`,
    ["a", "b"],
  ],
  ["two tensors on the same bytes", `{"a":${a4},"b":${a4}}`, 4, `inside tensor "a"`, ["a", "b"]],
  [
    "bytes after the last tensor",
    `{"a":${a4}}`,
    7,
    "The tensors end at byte 66, but the file has 69: it is 3 bytes too long.",
    ["a"],
  ],
  ["bytes without any tensor", `{}`, 1, "The tensors end at byte 10, but the file has 11: it is 1 byte too long.", []],
  [
    "data beyond the file's end",
    `{"a":${a4},"b":${tensor("F32", "[2]", 4, 12)}}`,
    8,
    `The file ends at byte 124, but its tensors go on to byte 128: the download is unfinished and 1 of 2 tensors cannot be read; download it again.`,
    ["a"],
  ],
  ["a name that would break the sentence", `{"x\\n\\u202ey":7}`, 0, `Tensor "x\\u{a}\\u{202e}y" has the number 7`, []],
  [
    "invalid UTF-8",
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    0,
    "The header is not valid UTF-8 at byte 10.",
    [],
  ],
  [
    "UTF-8 that is cut off",
    Buffer.from([0x7b, 0x22, 0x61, 0xe2, 0x82]),
    0,
    "The header is not valid UTF-8 at byte 11.",
    [],
  ],
  [
    "UTF-8 longer than it need be",
    Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]),
    0,
    "The header is not valid UTF-8 at byte 10.",
    [],
  ],
  [
    "UTF-16",
    Buffer.from(`{"a":${a4}}`, "utf16le"),
    4,
    `The header is not valid JSON at byte 9: a key in "quotes" expected, not`,
    [],
  ],
  ["spaces alone", " ".repeat(64), 0, "The header is not valid JSON at byte 72: a value expected, but it ends.", []],
  ["null", "null", 0, "The header is valid JSON but not an object.", []],
  ["a text", `"weights"`, 0, "The header is valid JSON but not an object.", []],
  ["two objects", `{"a":${a4}}{}`, 4, `the end expected, not "{".`, []],
  ["single quotes", `{'a':1}`, 0, `a key in "quotes" expected, not "'".`, []],
  ["a number of hexadecimal digits", `{"a":0x10}`, 0, `"," or "}" expected, not "x".`, []],
  ["a plus before a number", `{"a":+1}`, 0, `a value expected, not "+".`, []],
  ["objects nested deeply", `{"a":${`{"a":`.repeat(200)}1${"}".repeat(201)}`, 0, "nested more than 128 deep", []],
  [
    "nesting inside an entry that is ignored elsewhere",
    `{"a":{"x":${"[".repeat(200)}${"]".repeat(200)}}}`,
    0,
    "nested more than 128 deep",
    [],
  ],
  ["objects beyond number", `{"a":[${"{},".repeat(1_100_001)}{}]}`, 0, "more than 1100000 objects.", []],
  [
    "entries beyond number",
    `{${Array.from({ length: 1_000_001 }, (_, i) => `"${i}":0`).join()}}`,
    0,
    "The header has 1000001 entries, more than the 1000000 that are read.",
    [],
  ],
  [
    "a dimension beyond 64 bits",
    `{"x":${tensor("F32", "[18446744073709551616]", 0, 4)}}`,
    4,
    `Tensor "x" has the shape [18446744073709551616], but`,
    [],
  ],
  [
    "a dimension beyond any number",
    `{"x":${tensor("F32", "[1e400]", 0, 4)}}`,
    4,
    `Tensor "x" has the shape [1e400], but`,
    [],
  ],
  ["a dimension of minus zero", `{"x":${tensor("F32", "[-0]", 0, 0)}}`, 0, `Tensor "x" has the shape [-0], but`, []],
  [
    "a shape whose bits overflow, though its entries do not",
    `{"x":${tensor("F64", "[4503599627370496]", 0, 4)}}`,
    4,
    "its number of bytes overflows.",
    [],
  ],
  [
    "a shape of a thousand large sides",
    `{"x":${tensor("U8", `[${new Array(1000).fill(65536).join()}]`, 0, 4)}}`,
    4,
    "its number of bytes overflows.",
    [],
  ],
  [
    "a shape that is an object",
    `{"x":{"dtype":"F32","shape":{"0":1},"data_offsets":[0,4]}}`,
    4,
    `Tensor "x" has the shape {…}, but`,
    [],
  ],
  ["a shape of shapes", `{"x":${tensor("F32", "[[1]]", 0, 4)}}`, 4, `Tensor "x" has the shape [[1]], but`, []],
  [
    "offsets that are texts",
    `{"x":{"dtype":"F32","shape":[1],"data_offsets":["0","4"]}}`,
    4,
    `Tensor "x" has the data_offsets ["0", "4"], but`,
    [],
  ],
  [
    "offsets with a fraction",
    `{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4.5]}}`,
    4,
    `Tensor "x" has the data_offsets [0, 4.5], but`,
    [],
  ],
  [
    "offsets of 64 bits",
    `{"x":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551615]}}`,
    4,
    `Tensor "x" has the data_offsets [18446744073709551612, 18446744073709551615], but`,
    [],
  ],
  ["two tensors on the same data", `{"a":${a4},"b":${a4}}`, 4, `Tensor "b" begins at byte`, ["a", "b"]],
  [
    "a tensor inside another",
    `{"a":${tensor("F32", "[4]", 0, 16)},"b":${tensor("F32", "[1]", 4, 8)}}`,
    16,
    `Tensor "b" begins at byte`,
    ["a", "b"],
  ],
  [
    "a tensor of size zero inside another",
    `{"a":${tensor("F32", "[4]", 0, 16)},"b":${tensor("F32", "[0]", 4, 4)}}`,
    16,
    `Tensor "b" begins at byte`,
    ["a", "b"],
  ],
  [
    "a tensor called __metadata__",
    `{"__metadata__":{"dtype":"F32","shape":[0]}}`,
    0,
    `"__metadata__" has a list at key "shape", but every value must be a text.`,
    [],
  ],
  [
    "a terabyte that is not there",
    `{"a":${tensor("F32", "[262144,1048576]", 0, 1_099_511_627_776)}}`,
    4,
    "the download is unfinished and 1 of 1 tensor cannot be read; download it again.",
    [],
  ],
];

/** Files that do not even have a header: what, the bytes, the code, the sentence. */
const files: readonly (readonly [what: string, bytes: Contents, sentence: string])[] = [
  ["an empty file", new Uint8Array(), "The file is empty."],
  [
    "a short file",
    Uint8Array.of(1, 2, 3),
    "The file has 3 bytes, too few for the 8 bytes of length that a safetensors file starts with.",
  ],
  [
    "a length of zero",
    Buffer.concat([Buffer.alloc(8), Buffer.from("{}")]),
    "The length of the header (the first 8 bytes) is 0.",
  ],
  [
    "a header cut off",
    withHeader(`{"a":${a4}}`).subarray(0, 20),
    "The header should have 56 bytes, but the file ends after 12 of them: the download is unfinished; download it again.",
  ],
  [
    "zeros",
    new Uint8Array(600),
    "The file starts with zeros only: it was reserved on disk but not downloaded; download it again.",
  ],
  [
    "a Git LFS pointer",
    Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 16060617592\n"),
    'This is a Git LFS pointer, not the file itself, of 16060617592 bytes: run "git lfs pull" in its repository to download it.',
  ],
  ["a web page", Buffer.from("\n<!DOCTYPE html><html><body>404</body></html>"), "This is a web page (HTML or XML)"],
  [
    "a PyTorch archive",
    Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0]),
    "This is not a safetensors file but a ZIP archive, as PyTorch's .bin, .pt and .pth files are.",
  ],
  ["a pickle", Buffer.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9]), "a Python pickle"],
  ["a GGUF file", Buffer.from("GGUF\x03\0\0\0\x01\0\0\0", "latin1"), "a GGUF file"],
  ["an HDF5 file", Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), "an HDF5 file"],
  ["a JSON text", Buffer.from('{"weight_map": {}}'), "This is a JSON text, not a safetensors file."],
  ["a text", Buffer.from("import torch\nmodel = 1\n"), "This is a text file, not a safetensors file."],
  ["a short text", Buffer.from("hello"), "This is a text file, not a safetensors file."],
  [
    "anything else",
    Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 37 + 200) % 256)),
    "more than the 100000000 that are allowed: this is not a safetensors file.",
  ],
  [
    "a length of 2^64 - 1",
    lengthField(2n ** 64n - 1n),
    "is 18446744073709551615, more than the 100000000 that are allowed",
  ],
  ["a length of 2^63", { start: lengthField(2n ** 63n), size: 1 << 20 }, "is 9223372036854775808, more than"],
  [
    "a length just too large, in a file that has it",
    { start: lengthField(100_000_001), size: 200_000_000 },
    "is 100000001, more than the 100000000 that are allowed",
  ],
  [
    "a length in the other byte order",
    Buffer.concat([lengthField(64n << 56n), Buffer.alloc(100)]),
    "is 4611686018427387904, more than",
  ],
  [
    "a gigabyte of zeros",
    { start: new Uint8Array(), size: 1e9 },
    "The file starts with zeros only: it was reserved on disk but not downloaded; download it again.",
  ],
  [
    "seven bytes",
    new Uint8Array(7).fill(0x80),
    "The file has 7 bytes, too few for the 8 bytes of length that a safetensors file starts with.",
  ],
  [
    "a Git LFS pointer with Windows line breaks",
    Buffer.from("version https://git-lfs.github.com/spec/v1\r\noid sha256:4d7a\r\nsize 7\r\n"),
    "This is a Git LFS pointer",
  ],
  [
    "an answer in XML",
    Buffer.from(`<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`),
    "This is a web page (HTML or XML), not a safetensors file",
  ],
  [
    "an answer in JSON",
    Buffer.from(`{"error":"Repository not found"}`),
    "This is a JSON text, not a safetensors file.",
  ],
  [
    "a compressed file",
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    "This is not a safetensors file but gzip-compressed.",
  ],
];

/** Paths of shards that lead away: what, the path, why it is refused. */
const shardPaths: readonly (readonly [what: string, path: string, why: string])[] = [
  ["leaves the folder", "../secret.safetensors", "it leaves the index's folder"],
  ["leaves the folder on the way", "x/../../secret.safetensors", "it leaves the index's folder"],
  ["leaves the folder with backslashes", "..\\secret.safetensors", "it leaves the index's folder"],
  ["is absolute", "/etc/passwd", "it is an absolute path"],
  ["is absolute on Windows", "C:\\secret.safetensors", "it is an absolute path"],
  ["is on another computer", "\\\\host\\share\\x.safetensors", "it is an absolute path"],
  ["is in a folder below", "sub/x.safetensors", "shards lie in the same folder as their index"],
  ["is empty", "", "it is empty"],
  ["has a NUL", "a\0.safetensors", "it contains a NUL character"],
  ["is the folder", ".", "shards lie in the same folder as their index"],
  ["leaves the folder at its end", "x/..", "it leaves the index's folder"],
];

/** Indexes: what, the text, the sentence. */
const indexes: readonly (readonly [what: string, text: string, sentence: string])[] = [
  ["no JSON", "weights", 'The index is not valid JSON at byte 0: a value expected, not "w".'],
  ["a list", "[]", "The index is valid JSON but not an object."],
  ["without weight_map", '{"metadata":{}}', 'The index has no object "weight_map" that names the file of each tensor.'],
  [
    "with a list as weight_map",
    '{"weight_map":[]}',
    'The index has no object "weight_map" that names the file of each tensor.',
  ],
  ["with an empty weight_map", '{"weight_map":{}}', 'The index lists no tensor: its "weight_map" is empty.'],
  ["with a number for a file", index({ a: 1 }), 'The index gives no file name for tensor "a".'],
  [
    "a Git LFS pointer",
    "version https://git-lfs.github.com/spec/v1\n",
    'The index is a Git LFS pointer, not the file itself: run "git lfs pull" in its repository to download it.',
  ],
  ["nested deeply", `{"weight_map":${"[".repeat(300)}${"]".repeat(300)}}`, "nested more than 128 deep"],
  ["cut off", index({ a: one }).slice(0, -20), "The index is not valid JSON at byte"],
];

const config = `{"model_type":"llama"}`;

/** Configs: what, the name of the file, its text, the sentence. */
const configs: readonly (readonly [what: string, name: string, text: string, sentence: string])[] = [
  [
    "broken",
    "config.json",
    `{"a":NaN}`,
    `config.json beside the checkpoint is not used: it is not valid JSON at byte 5: a value expected, not "N".`,
  ],
  ["cut off", "config.json", config.slice(0, -1), `it is not valid JSON at byte 21: "," or "}" expected, but it ends.`],
  ["a list", "config.json", "[]", "it is valid JSON but not an object."],
  ["empty", "config.json", "", "it is not valid JSON at byte 0: a value expected, but it ends."],
  ["nested deeply", "config.json", `{"a":${"[".repeat(100_000)}`, "nested more than 128 deep"],
  [
    "a Git LFS pointer",
    "config.json",
    "version https://git-lfs.github.com/spec/v1\n",
    'it is a Git LFS pointer: run "git lfs pull" in its repository to download it.',
  ],
  [
    "broken",
    "adapter_config.json",
    `{"r":08}`,
    `adapter_config.json beside the checkpoint is not used: it is not valid JSON at byte 6`,
  ],
  ["a text", "adapter_config.json", `"r=8"`, "it is valid JSON but not an object."],
  [
    "larger than any config",
    "adapter_config.json",
    " ".repeat(10_000_001),
    "The file has 10000001 bytes, more than the 10000000 that are read of such a file.",
  ],
];

const withDefaults = (
  bad: Partial<BadCheckpoint> & Pick<BadCheckpoint, "what" | "files" | "sentence">,
): BadCheckpoint => ({
  open: "m.safetensors",
  code: "invalid-header",
  severity: "error",
  readable: [],
  ...bad,
});

export const badCheckpoints: readonly BadCheckpoint[] = [
  ...headers.map(([what, json, dataBytes, sentence, readable]) =>
    withDefaults({
      what: `a header: ${what}`,
      files: { "m.safetensors": file(json, dataBytes) },
      code: sentence.includes("download is unfinished") ? "unreadable-file" : "invalid-header",
      sentence,
      readable,
    }),
  ),
  ...files.map(([what, contents, sentence]) =>
    withDefaults({
      what: `a file: ${what}`,
      files: { "m.safetensors": contents },
      code:
        /length of the header|too few/.test(sentence) || /^is \d|^more than/.test(sentence)
          ? "invalid-header"
          : "unreadable-file",
      sentence,
    }),
  ),
  withDefaults({
    what: "a file: unfinished, as aria2 leaves it",
    files: { "m.safetensors": shard("a"), "m.safetensors.aria2": "" },
    code: "unreadable-file",
    sentence:
      'aria2 has not finished downloading the file ("m.safetensors.aria2" is still beside it): parts of it may be missing.',
    readable: ["a"],
  }),
  withDefaults({
    what: "a file: unfinished, as huggingface_hub leaves it",
    files: { "4d7a.incomplete": shard("a", "b", "c").subarray(0, -5) },
    open: "4d7a.incomplete",
    code: "unreadable-file",
    sentence: "the download is unfinished and 1 of 3 tensors cannot be read; download it again.",
    readable: ["a", "b"],
  }),
  ...shardPaths.map(([what, path, why]) =>
    withDefaults({
      what: `an index: a shard whose path ${what}`,
      files: { ...good, [indexName]: index({ a: one, b: one, c: two, x: path, y: path }) },
      open: indexName,
      code: "invalid-index",
      sentence: `, which is refused because ${why}.`,
      readable: ["a", "b", "c"],
    }),
  ),
  ...indexes.map(([what, text, sentence]) =>
    withDefaults({
      what: `an index: ${what}`,
      files: { [indexName]: text },
      open: indexName,
      code: "invalid-index",
      sentence,
    }),
  ),
  withDefaults({
    what: "an index: it names itself as a shard",
    files: { ...good, [indexName]: index({ a: one, b: one, c: two, x: indexName }) },
    open: indexName,
    code: "unreadable-file",
    sentence: "This is a JSON text, not a safetensors file.",
    readable: ["a", "b", "c"],
  }),
  withDefaults({
    what: "an index: a shard that is not there",
    files: { [one]: good[one], [indexName]: index({ a: one, b: one, c: two }) },
    open: indexName,
    code: "missing-shard",
    sentence: `Shard "${two}" cannot be read, and 1 of the checkpoint's 3 tensors should be in it: There is no such file.`,
    readable: ["a", "b"],
  }),
  withDefaults({
    what: "an index: a tensor that is listed twice",
    files: { [one]: good[one], [indexName]: `{"weight_map":{"a":"${two}","b":"${one}","a":"${one}"}}` },
    open: indexName,
    code: "duplicate-key",
    severity: "warning",
    sentence: 'The index lists tensor "a" more than once: the last entry is used, but readers differ.',
    readable: ["a", "b"],
  }),
  withDefaults({
    what: "an index: a tensor that its shard lacks",
    files: { ...good, [indexName]: index({ a: one, b: one, c: two, d: two }) },
    open: indexName,
    code: "missing-tensor",
    sentence: `Tensor "d" is not in "${two}", where the index puts it.`,
    readable: ["a", "b", "c"],
  }),
  withDefaults({
    what: "a header: a tensor twice",
    files: { "m.safetensors": withHeader(`{"a":${tensor("F32", "[9]", 0, 36)},"a":${a4}}`, new Uint8Array(4)) },
    code: "duplicate-key",
    severity: "warning",
    sentence: 'Tensor "a" is in the header more than once: the last entry is used, but readers differ.',
    readable: ["a"],
  }),
  ...configs.map(([what, name, text, sentence]) =>
    withDefaults({
      what: `a ${name}: ${what}`,
      files: { "m.safetensors": shard("a"), [name]: text },
      code: "invalid-config",
      severity: "information",
      sentence,
      readable: ["a"],
    }),
  ),
];

/** Those made with symbolic links, which Windows grants to few. */
export const badLinks: readonly BadCheckpoint[] = [
  withDefaults({
    what: "a link to nothing",
    files: { "m.safetensors": { link: "blobs/4d7a" } },
    code: "unreadable-file",
    sentence: "This is a symbolic link to a file that is not there",
  }),
  withDefaults({
    what: "links in a circle",
    files: { "m.safetensors": { link: "n.safetensors" }, "n.safetensors": { link: "m.safetensors" } },
    code: "unreadable-file",
    sentence: "its symbolic links go in a circle.",
  }),
  withDefaults({
    what: "a link to a device that never ends",
    files: { "m.safetensors": { link: "/dev/zero" } },
    code: "unreadable-file",
    sentence: "This is not a regular file but a device, a pipe or a socket.",
  }),
  withDefaults({
    what: "a link to a text elsewhere, of which nothing is shown",
    files: { "m.safetensors": { link: "/etc/passwd" } },
    code: "unreadable-file",
    sentence: "This is a text file, not a safetensors file.",
  }),
  withDefaults({
    what: "a shard that is a link to a folder",
    files: { [one]: shard("a"), [two]: { link: "." }, [indexName]: index({ a: one, c: two }) },
    open: indexName,
    code: "missing-shard",
    sentence: "This is a folder, not a file.",
    readable: ["a"],
  }),
];
