import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { headerLength, parseHeader, type Header } from "../../../server/checkpoint/header.ts";
import { withHeader } from "../../support/safetensors.ts";

/** Parses a file of this header's text and as many bytes of data. */
function parse(json: string, dataBytes: number): Header {
  return parseBytes(Buffer.from(json), dataBytes);
}

function parseBytes(json: Uint8Array, dataBytes: number): Header {
  return parseHeader("m.safetensors", json, 8 + json.byteLength + dataBytes);
}

const tensor = (dtype: string, shape: string, begin: number, end: number): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

const a4 = tensor("F32", "[1]", 0, 4);

describe("headers that the reference implementation accepts", () => {
  const good: [string, string, number, string[]][] = [
    ["no tensor", "{}", 0, []],
    ["spaces around", `  {"a":${a4}}   `, 4, ["a"]],
    ["line breaks and tabs", `{\n\t"a" :\r\n ${a4} }`, 4, ["a"]],
    ["a 0-d tensor", `{"a":${tensor("F32", "[]", 0, 4)}}`, 4, ["a"]],
    ["a tensor of size zero", `{"a":${tensor("F32", "[0,3]", 0, 0)}}`, 0, ["a"]],
    [
      "a tensor of size zero between others",
      `{"a":${a4},"z":${tensor("I8", "[0]", 4, 4)},"b":${tensor("U8", "[2]", 4, 6)}}`,
      6,
      ["a", "z", "b"],
    ],
    ["entries in another order than their data", `{"b":${tensor("F16", "[2]", 4, 8)},"a":${a4}}`, 8, ["a", "b"]],
    [
      "unknown fields in an entry",
      `{"a":{"note":[1.5,{"x":null}],"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
      4,
      ["a"],
    ],
    ["metadata that is null", `{"__metadata__":null,"a":${a4}}`, 4, ["a"]],
    ["an empty name", `{"":${a4}}`, 4, [""]],
    ["escapes in a name", `{"a\\u00e4\\"\\n":${a4}}`, 4, ['aä"\n']],
    [
      "names of JavaScript's prototypes",
      `{"__proto__":${a4},"constructor":${tensor("U8", "[1]", 4, 5)},"toString":${tensor("U8", "[1]", 5, 6)}}`,
      6,
      ["__proto__", "constructor", "toString"],
    ],
    ["two 4-bit floats in a byte", `{"a":${tensor("F4", "[2,3]", 0, 3)}}`, 3, ["a"]],
    ["four 6-bit floats in three bytes", `{"a":${tensor("F6_E2M3", "[4]", 0, 3)}}`, 3, ["a"]],
  ];
  for (const [what, json, bytes, names] of good) {
    test(what, () => {
      const header = parse(json, bytes);
      assert.deepEqual(header.problems, []);
      assert.deepEqual(
        header.tensors.map(({ name }) => name),
        names,
      );
    });
  }

  test("every dtype, with its width", () => {
    const widths: Record<string, number> = {
      BOOL: 8,
      U8: 8,
      I8: 8,
      U16: 16,
      I16: 16,
      F16: 16,
      BF16: 16,
      U32: 32,
      I32: 32,
      F32: 32,
      U64: 64,
      I64: 64,
      F64: 64,
      C64: 64,
      F8_E4M3: 8,
      F8_E5M2: 8,
      F8_E8M0: 8,
      F8_E4M3FNUZ: 8,
      F8_E5M2FNUZ: 8,
      F6_E2M3: 6,
      F6_E3M2: 6,
      F4: 4,
    };
    for (const [dtype, bits] of Object.entries(widths)) {
      const header = parse(`{"a":${tensor(dtype, "[8,3]", 0, bits * 3)}}`, bits * 3);
      assert.deepEqual(header.problems, [], dtype);
      assert.equal(header.tensors[0]?.dtype, dtype);
    }
  });

  test("offsets count from the file's start", () => {
    const json = `{"a":${a4}}`;
    const [found] = parse(json, 4).tensors;
    assert.deepEqual(found, { name: "a", dtype: "F32", shape: [1], begin: 8 + json.length, end: 12 + json.length });
  });

  test("metadata is text by key, whatever the key", () => {
    const header = parse(`{"__metadata__":{"format":"pt","__proto__":"x"}}`, 0);
    assert.deepEqual(Object.entries(header.metadata), [
      ["format", "pt"],
      ["__proto__", "x"],
    ]);
    assert.equal(Object.getPrototypeOf(header.metadata), Object.prototype);
  });
});

describe("headers that are wrong", () => {
  const huge = "9007199254740992";
  /** What, the header, bytes of data, the sentence, and the names that can still be read. */
  const bad: [string, string, number, string, string[]][] = [
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
    [
      "a dimension that is a text",
      `{"x":${tensor("F32", '["1"]', 0, 4)}}`,
      4,
      `Tensor "x" has the shape ["1"], but`,
      [],
    ],
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
    [
      "a negative offset",
      `{"x":${tensor("F32", "[1]", -4, 0)}}`,
      4,
      `Tensor "x" has the data_offsets [-4, 0], but`,
      [],
    ],
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
    [
      "bytes without any tensor",
      `{}`,
      1,
      "The tensors end at byte 10, but the file has 11: it is 1 byte too long.",
      [],
    ],
    [
      "data beyond the file's end",
      `{"a":${a4},"b":${tensor("F32", "[2]", 4, 12)}}`,
      8,
      `The file ends at byte 124, but its tensors go on to byte 128: the download is unfinished and 1 of 2 tensors cannot be read; download it again.`,
      ["a"],
    ],
    [
      "a name that would break the sentence",
      `{"x\\n\\u202ey":7}`,
      0,
      `Tensor "x\\u{a}\\u{202e}y" has the number 7`,
      [],
    ],
  ];
  for (const [what, json, bytes, sentence, names] of bad) {
    test(what, () => {
      const { problems, tensors } = parse(json, bytes);
      assert.equal(problems.length, 1, JSON.stringify(problems));
      assert.equal(problems[0]!.severity, "error");
      assert.ok(problems[0]!.message.includes(sentence), problems[0]!.message);
      assert.match(problems[0]!.message, /^[^\n]+\.$/);
      assert.deepEqual(
        tensors.map(({ name }) => name),
        names,
      );
    });
  }

  test("invalid UTF-8 is told with its byte", () => {
    const json = Buffer.concat([Buffer.from(`{"ä\uFFFD`), Buffer.from([0xff]), Buffer.from(`":1}`)]);
    const [problem] = parseBytes(json, 0).problems;
    assert.equal(problem?.message, "The header is not valid UTF-8 at byte 15.");
    assert.equal(problem.byteOffset, 15);
  });

  test("UTF-8 that is cut off at the end", () => {
    const json = Buffer.concat([Buffer.from(`{"a`), Buffer.from([0xe2, 0x82])]);
    assert.equal(parseBytes(json, 0).problems[0]?.message, "The header is not valid UTF-8 at byte 11.");
  });

  test("problems carry the place and the tensor", () => {
    const header = parse(`{"a":${a4},"b":${tensor("F32", "[1]", 2, 6)}}`, 6);
    assert.deepEqual(header.problems[0], {
      code: "invalid-header",
      severity: "error",
      message: header.problems[0]!.message,
      path: "m.safetensors",
      tensor: "b",
      byteOffset: 117,
    });
  });

  test("a tensor that cannot be used is named as such", () => {
    const header = parse(`{"a":${a4},"x":${tensor("Q4", "[1]", 4, 8)},"b":${tensor("F32", "[2]", 8, 16)}}`, 12);
    assert.deepEqual(
      header.tensors.map(({ name }) => name),
      ["a"],
    );
    assert.deepEqual([...header.unusable].sort(), ["b", "x"]);
  });

  test("many mistakes of one kind are counted, not listed", () => {
    const entries = Array.from({ length: 1000 }, (_, i) => `"t${i}":7`);
    const { problems } = parse(`{${entries.join()}}`, 0);
    assert.equal(problems.length, 21);
    assert.equal(problems.at(-1)?.message, "There are 980 more problems of this kind.");
  });
});

describe("a duplicate key", () => {
  test("is accepted, the last one counts, and it is reported", () => {
    const header = parse(`{"a":${tensor("F32", "[9]", 0, 36)},"a":${a4},"b":${tensor("U8", "[1]", 4, 5)}}`, 5);
    assert.deepEqual(
      header.tensors.map(({ name, shape }) => [name, shape]),
      [
        ["a", [1]],
        ["b", [1]],
      ],
    );
    assert.deepEqual(
      header.problems.map(({ code, severity, tensor: name }) => [code, severity, name]),
      [["duplicate-key", "warning", "a"]],
    );
  });

  test("is the same key however it is escaped", () => {
    assert.equal(parse(`{"a":${a4},"\\u0061":${a4}}`, 4).problems[0]?.code, "duplicate-key");
  });

  test("in the metadata too", () => {
    const header = parse(`{"__metadata__":{"k":"1","k":"2"}}`, 0);
    assert.deepEqual(header.metadata, { k: "2" });
    assert.match(header.problems[0]!.message, /^Key "k" is in "__metadata__" more than once/);
  });
});

describe("the length of the header", () => {
  const of = (bytes: Uint8Array, size = bytes.byteLength): string | number => {
    const { length, problem } = headerLength("m.safetensors", bytes.subarray(0, 512), size);
    return length ?? problem.message;
  };
  const lengthField = (length: bigint): Uint8Array => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(length);
    return bytes;
  };

  test("of a good file", () => {
    assert.equal(of(withHeader("{}")), 8);
  });

  test("100 000 000 is the most", () => {
    assert.equal(of(lengthField(100_000_000n), 100_000_008), 100_000_000);
    assert.match(
      String(of(lengthField(100_000_001n), 200_000_000)),
      /is 100000001, more than the 100000000 that are allowed/,
    );
    assert.match(String(of(lengthField(2n ** 64n - 1n), 200_000_000)), /is 18446744073709551615, more than/);
  });

  const bad: [string, Uint8Array, string][] = [
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
  ];
  for (const [what, bytes, sentence] of bad) {
    test(what, () => {
      const message = of(bytes);
      assert.ok(typeof message === "string" && message.includes(sentence), String(message));
    });
  }
});

test("a header of 100 000 tensors is read whole", () => {
  const entries: string[] = [];
  for (let i = 0; i < 100_000; i++) {
    const name = `model.layers.${i % 61}.mlp.experts.${Math.floor(i / 61)}.gate_proj.weight`;
    entries.push(`"${name}":${tensor("F8_E4M3", "[7168,2048]", i * 14_680_064, (i + 1) * 14_680_064)}`);
  }
  const json = Buffer.from(`{${entries.join()}}`);
  const header = parseHeader("m.safetensors", json, 8 + json.byteLength + 100_000 * 14_680_064);
  assert.equal(header.tensors.length, 100_000);
  assert.deepEqual(header.problems, []);
});
