/**
 * Quantised weights whose pieces, states and configs were damaged: each is read or refused in a sentence, and what is read
 * lies in the tensors that it is read from.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { recognise } from "../../../server/architecture/recognise.ts";
import type { Checkpoint, Tensor } from "../../../server/checkpoint/checkpoint.ts";
import { dtypeBits, type Dtype } from "../../../server/checkpoint/dtype.ts";
import { codeBits, type Quantisation } from "../../../server/checkpoint/quantisation.ts";
import { seededRandom } from "../../../server/statistics/random.ts";
import { everyKind, type QuantisedWeight } from "../../support/quantised.ts";

const cases = 40_000;
const seed = 20261123;

const absurd: readonly unknown[] = [
  ...[0, -1, -0.5, 1, 2, 3, 7, 8, 16, 31, 64, 1e9, 2 ** 31, 2 ** 53, 1e308, 5e-324],
  ...["", "64", "__proto__", null, true, [], {}, [0, 0], [64], [-1, 2 ** 53], ["8", 8], [3, 1e9]],
];
const dtypes = Object.keys(dtypeBits) as Dtype[];
const keys = [
  ...["bits", "group_size", "weight_block_size", "checkpoint_format", "quant_method", "config_groups", "desc_act"],
  ...["shape", "blocksize", "nested_blocksize", "nested_offset", "quant_type", "__proto__"],
];

describe("damaged quantised weights", () => {
  it(`are read or refused, ${cases} of them`, (context) => {
    const kinds = everyKind();
    const random = seededRandom(seed);
    const below = (count: number): number => Math.floor(random.uniform() * count);
    const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
    const changed = (value: object): Record<string, unknown> => {
      const copy: Record<string, unknown> = { ...value };
      const key = pick(keys);
      const change = { value: pick(absurd), enumerable: true, configurable: true, writable: true };
      return Object.defineProperty(copy, key, change);
    };

    /** Other sides, other dtypes; a tensor that is gone. The bytes are those that a shape needs: a header says nothing else. */
    const damaged = ({ tensors, config = {}, model = {} }: QuantisedWeight): [Checkpoint, Map<string, string>] => {
      const texts = new Map<string, string>();
      const list: Tensor[] = [];
      let offset = 0;
      for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
        if (random.uniform() < 0.05) continue;
        let [sides, type]: [readonly number[], Dtype] = [shape, dtype];
        if (random.uniform() < 0.15) type = pick(dtypes);
        if (random.uniform() < 0.15 && shape.length > 0)
          sides = shape.with(below(shape.length), pick([0, 1, 2, 3, 8, 31, 32, 1000]));
        if (random.uniform() < 0.05) sides = [...sides, pick([1, 2, 16])];
        if (random.uniform() < 0.05) sides = sides.slice(1);
        const bits = sides.reduce((product, side) => product * side, dtypeBits[type]);
        if (bits % 8 !== 0) continue;
        list.push({ name, dtype: type, shape: sides, file: 0, begin: offset, end: offset + bits / 8 });
        offset += bits / 8;
        if (name.includes("quant_state") && random.uniform() > 0.05) {
          const text = Buffer.from(data).toString("utf8");
          const state = random.uniform() < 0.5 ? text : JSON.stringify(changed(JSON.parse(text) as object));
          texts.set(name, random.uniform() < 0.9 ? state : state.slice(0, below(state.length)));
        }
      }
      const own = random.uniform() < 0.5 ? config : changed(config);
      const checkpoint = { path: "m.safetensors", sharded: false, files: [], tensors: list, problems: [] };
      return [{ ...checkpoint, config: { ...model, quantization_config: own } }, texts];
    };

    let [read, refused] = [0, 0];
    for (let i = 0; i < cases; i++) {
      const [checkpoint, texts] = damaged(pick(kinds));
      const told = (): string =>
        `case ${i} of seed ${seed}: ${JSON.stringify([checkpoint, [...texts]]).slice(0, 2000)}`;
      try {
        for (const { description, quantisation, rows, columns } of recognise(checkpoint, [], texts).matrices) {
          assert.ok(Number.isSafeInteger(rows) && rows > 0 && Number.isSafeInteger(columns) && columns > 0);
          if (description.unsupported !== null) {
            refused++;
            assert.match(description.unsupported, /^[^\p{Cc}]+\.$/u);
            assert.doesNotMatch(description.unsupported, /NaN|Infinity|undefined/);
            assert.ok(description.unsupported.length < 500);
          } else if (quantisation !== undefined) {
            read++;
            check(quantisation, checkpoint.tensors, rows, columns);
          }
        }
      } catch (error) {
        throw new Error(`${told()}\n${String(error)}`, { cause: error });
      }
    }
    context.diagnostic(`${read} matrices are read, ${refused} refused`);
    assert.ok(read > cases / 20 && refused > cases / 20, `${read} ${refused}`);
  });
});

/** The pieces lie in tensors, and have as many numbers as the scheme asks for. */
function check({ scheme, pieces }: Quantisation, tensors: readonly Tensor[], rows: number, columns: number): void {
  const count: Partial<Record<string, number>> = {};
  for (const [name, { begin, end, format }] of Object.entries(pieces)) {
    assert.ok(
      tensors.some((tensor) => begin >= tensor.begin && end <= tensor.end && begin <= end),
      name,
    );
    count[name] = Math.floor((8 * (end - begin)) / codeBits(format));
  }
  const has = (name: string, needed: number): void => {
    const found = count[name];
    assert.ok(found === undefined || found >= needed, `${name}: ${found} of ${needed}`);
  };
  switch (scheme.kind) {
    case "blocks": {
      has("codes", rows * columns);
      const down = Math.ceil(rows / scheme.blockRows);
      has("scales", down * scheme.scalePitch);
      has("zeros", Math.ceil(down / scheme.zeroRows) * scheme.zeroRows * scheme.scalePitch);
      has("groups", columns);
      has("factor", 1);
      break;
    }
    case "groups": {
      const { bits, outputs, groupCount, packing } = scheme;
      assert.equal(outputs, rows);
      // Words of 32 bits.
      has("codes", packing === "inputs" ? Math.ceil((columns * bits) / 32) * outputs : (columns * outputs * bits) / 32);
      has("zeros", groupCount * Math.ceil((outputs * bits) / 32));
      has("scales", groupCount * outputs);
      has("groups", columns);
      break;
    }
    case "table": {
      const blocks = Math.ceil((rows * columns) / scheme.blockSize);
      has("codes", rows * columns);
      has("table", 16);
      has("scales", blocks);
      if (scheme.nested !== null) {
        has("nestedTable", 256);
        has("nestedScales", Math.ceil(blocks / scheme.nested.blockSize));
      }
    }
  }
}
