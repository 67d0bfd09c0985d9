import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sliceItems } from "../../../server/collections/sliced.ts";
import { parseHeader, parsingHeader } from "../../../server/checkpoint/header.ts";
import { uniform } from "../../support/random.ts";

/** Pieces of which entries are made: right ones, and ones with something wrong. */
const pieces = {
  dtypes: { right: ["F32"], wrong: ["BF16", "F4", "F99", "f32", ""] },
  sides: { right: ["2", "3", "1", "6"], wrong: ["0", "02", "-1", "1.0", "1e2", "9007199254740993", " 2", "x", ""] },
  begins: { right: ["0"], wrong: ["24", "00", "-0", " 0", "null", ""] },
  ends: { right: ["24"], wrong: ["0", "12", "48", "024", "9007199254740992", "1e1", " 24", "null", ""] },
};

describe("usual entries of a header", () => {
  it("are judged like all others, whatever is wrong with them", () => {
    const random = uniform(3);
    const any = (texts: readonly string[]): string => texts[Math.floor(random() * texts.length)]!;
    const choose = (piece: keyof typeof pieces): string => any(pieces[piece][random() < 0.9 ? "right" : "wrong"]);
    let usable = 0;
    for (let i = 0; i < 20_000; i++) {
      const shape = Array.from({ length: Math.floor(random() * 4) }, () => choose("sides")).join();
      const values = [`"${choose("dtypes")}"`, `[${shape}]`, `[${choose("begins")},${choose("ends")}]`];
      const [dtype, sizes, place] = values as [string, string, string];
      const name = any(["a", "a", "a", "__metadata__", "b.0.weight"]);
      const usual = `{"${name}":{"dtype":${dtype},"shape":${sizes},"data_offsets":${place}}}`;
      // A space where the format allows one makes it unusual, and nothing else.
      const unusual = usual.replace(':{"dtype"', ':{ "dtype"');
      const [quick, slow] = [usual, unusual].map((text) => {
        const json = Buffer.from(text.padEnd(200));
        return parseHeader("m", json, 8 + json.byteLength + 24);
      });
      assert.deepEqual(
        { ...quick, problems: placeless(quick!.problems) },
        { ...slow, problems: placeless(slow!.problems) },
        usual,
      );
      usable += quick!.tensors.length;
    }
    assert.ok(usable > 100, `${usable} were usable`);
  });

  it("share their shapes", () => {
    const entry = (begin: number): string => `{"dtype":"F32","shape":[2,3],"data_offsets":[${begin},${begin + 24}]}`;
    const json = Buffer.from(`{"a":${entry(0)},"b":${entry(24)}}`);
    const { tensors, problems } = parseHeader("m", json, 8 + json.byteLength + 48);
    assert.deepEqual(problems, []);
    assert.equal(tensors[0]!.shape, tensors[1]!.shape);
  });
});

describe("a long header", () => {
  const count = 20_000;
  const entries = Array.from(
    { length: count },
    (_, i) => `"layers.${i}.weight":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
  );
  const json = Buffer.from(`{${entries.join()}}`);
  const size = 8 + json.byteLength + count;

  it("is read in slices of some hundred tensors", () => {
    const reading = parsingHeader("m", json, size);
    let slices = 0;
    for (;;) {
      const step = reading.next();
      if (step.done === true) {
        assert.equal(step.value.tensors.length, count);
        break;
      }
      slices++;
    }
    // Once through the text, and once through what was read.
    assert.ok(slices >= 2 * Math.floor(count / sliceItems), `${slices} slices`);
  });
});

/** Without offsets into the JSON, which one space moves. */
function placeless(problems: readonly { readonly message: string }[]): string[] {
  return problems.map(({ message }) => message.replace(/at byte \d+/, "at a byte"));
}
