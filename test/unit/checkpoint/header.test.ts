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
