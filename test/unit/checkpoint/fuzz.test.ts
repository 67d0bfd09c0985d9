/** A million headers of real checkpoints, damaged: each is read, or refused with a sentence, and nothing else happens. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dtypeBits } from "../../../server/checkpoint/dtype.ts";
import { headerLength, parseHeader, type Header } from "../../../server/checkpoint/header.ts";
import { mutate, smallHeaders, type HeaderCase } from "../../support/mutate.ts";
import { seededRandom } from "../../../server/statistics/random.ts";

const cases = 1_000_000;
const seed = 20260704;
const files = [
  "samples/lora-adapter/adapter_model.safetensors",
  ...[1, 2, 3].map((i) => `samples/tiny-llama/model-0000${i}-of-00003.safetensors`),
];

describe("damaged headers", () => {
  test(`${cases} of them are read, or refused with a sentence`, async (context) => {
    const originals = await smallHeaders(files);
    for (const original of originals) assert.deepEqual(read(original)?.problems, []);
    const random = seededRandom(seed);
    let valid = 0;
    let refused = 0;
    let repaired = 0;
    for (let i = 0; i < cases; i++) {
      const damaged = mutate(originals, random);
      try {
        const header = read(damaged);
        if (header === null) {
          refused++;
          continue;
        }
        check(header, damaged);
        if (header.problems.every(({ severity }) => severity !== "error")) {
          checkWhole(header, damaged);
          valid++;
        } else {
          refused++;
          if (header.tensors.length > 0) repaired++;
        }
      } catch (error) {
        throw new Error(
          `case ${i} of seed ${seed}: ${JSON.stringify({ ...damaged, length: String(damaged.length) })}`,
          {
            cause: error,
          },
        );
      }
    }
    context.diagnostic(`${valid} valid, ${refused} refused, of which ${repaired} are read in part`);
    // Each way is gone often, or the test would say little.
    assert.equal(valid + refused, cases);
    for (const count of [valid, refused, repaired]) assert.ok(count > cases / 100, `${valid} ${refused} ${repaired}`);
  });
});

const scratch = Buffer.alloc(1 << 16);

/** Reads a case as a file is read: the length, and what it says of the rest; null where that is already refused. */
function read({ json, length, dataBytes }: HeaderCase): Header | null {
  const size = 8 + json.length + dataBytes;
  scratch.writeBigUInt64LE(length);
  const written = 8 + scratch.write(json, 8, "latin1");
  // What follows the header is zeros as far as anybody looks.
  scratch.fill(0, written, Math.min(scratch.length, written + 1024));
  const { length: told, problem } = headerLength("m", scratch.subarray(0, Math.min(size, 512)), size);
  if (told === null) {
    assert.match(problem.message, sentence);
    return null;
  }
  const end = Math.min(8 + told, scratch.length);
  const bytes =
    end === 8 + told ? scratch.subarray(8, end) : Buffer.concat([scratch.subarray(8), Buffer.alloc(8 + told - end)]);
  return parseHeader("m", bytes, size);
}

const sentence = /^[^\p{Cc}\p{Cf}]+\.$/u;

/** What holds of everything that is read, whatever is wrong beside it. */
function check({ tensors, unusable, problems, metadata }: Header, { json, dataBytes }: HeaderCase): void {
  assert.ok(problems.length <= 5 * 21);
  for (const { message, byteOffset, tensor } of problems) {
    assert.match(message, sentence);
    assert.ok(message.length < 1200, message);
    assert.ok(byteOffset === undefined || (byteOffset >= 0 && Number.isSafeInteger(byteOffset)));
    assert.ok(tensor === undefined || tensor.length <= json.length);
  }
  for (const text of Object.values(metadata)) assert.equal(typeof text, "string");
  const names = new Set<string>();
  let before = 0;
  for (const { name, dtype, shape, begin, end } of tensors) {
    assert.ok(!names.has(name) && !unusable.has(name));
    names.add(name);
    assert.ok(begin >= before && begin <= end && end <= 8 + json.length + dataBytes);
    before = begin;
    assert.ok(shape.every((side) => Number.isSafeInteger(side) && side >= 0));
    assert.equal(
      shape.reduce((product, side) => product * side, dtypeBits[dtype]),
      8 * (end - begin),
    );
  }
}

/** What holds of a file without an error: its tensors are all there is, one behind the other. */
function checkWhole({ tensors, unusable }: Header, { json, length, dataBytes }: HeaderCase): void {
  assert.equal(unusable.size, 0);
  let at = 8 + Number(length);
  for (const { begin, end } of tensors) {
    assert.equal(begin, at);
    at = end;
  }
  assert.equal(at, 8 + json.length + dataBytes);
}
