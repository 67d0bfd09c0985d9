import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roles } from "../../../server/architecture/role.ts";
import { packCatalogue, unpackCatalogue } from "../../../server/packing/catalogue.ts";
import { NamePacker, unpackNames } from "../../../server/packing/names.ts";
import { packNumbers, unpackNumbers } from "../../../server/packing/numbers.ts";
import type { Catalogue, CatalogueTensor } from "../../../server/protocol.ts";
import { uniform } from "../../support/random.ts";

type Random = () => number;

const below = (random: Random, count: number): number => Math.floor(random() * count);
const choose = <T>(random: Random, values: readonly T[]): T => values[below(random, values.length)]!;

/** Parts that names share, and parts that they must survive: of two UTF-16 units, line ends, names of prototypes. */
const parts = ["model", "layers", "0", "17", "007", "", "__proto__", "toString", "\n", "é", "😀", "😁", "😀x", "w"];

function randomTensor(random: Random): CatalogueTensor {
  const name = Array.from({ length: below(random, 6) }, () => choose(random, parts)).join(choose(random, [".", ""]));
  return {
    name,
    dtype: choose(random, ["F32", "BF16", "I64"] as const),
    shape: Array.from({ length: below(random, 4) }, () => choose(random, [0, 1, 64, 4096, 2 ** 40])),
    bytes: choose(random, [0, 4, 2 ** 32, Number.MAX_SAFE_INTEGER]),
    role: choose(random, roles),
    block: choose(random, ["", "model.layers.0", name]),
    layer: choose(random, [null, 0, 1, 300, 999_999_999]),
    expert: choose(random, [null, 0, 255, 70_000]),
    file: choose(random, [0, 1, 159, 1000]),
    matrices: choose(random, [0, 1, 256]),
  };
}

function randomCatalogue(random: Random, tensors: number): Catalogue {
  return {
    path: "/models/a",
    sharded: random() < 0.5,
    family: choose(random, [null, "llama"]),
    parameters: 12,
    bytes: 48,
    files: [{ path: "/models/a", size: 100 }],
    metadata: JSON.parse('{"__proto__": "text", "format": "pt"}') as Record<string, string>,
    tensors: Array.from({ length: tensors }, () => randomTensor(random)),
    problems: [{ code: "invalid-header", severity: "error", message: "It is wrong.", path: "/models/a" }],
  };
}

/** As it arrives after a channel that writes JSON. */
function sent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe("a packed catalogue", () => {
  it("is the same when it is unpacked, whatever the names and numbers are", () => {
    const random = uniform(1);
    for (const tensors of [0, 1, 2, ...Array.from({ length: 200 }, () => below(random, 300))]) {
      const catalogue = randomCatalogue(random, tensors);
      assert.deepEqual(unpackCatalogue(sent(packCatalogue(catalogue))), catalogue);
    }
  });

  it("takes some bytes a tensor where names differ in their numbers", () => {
    const tensors = Array.from({ length: 50_000 }, (_, i): CatalogueTensor => {
      const [layer, expert, projection] = [
        Math.floor(i / 768),
        Math.floor(i / 3) % 256,
        ["gate", "up", "down"][i % 3]!,
      ];
      const block = `model.layers.${layer}`;
      const name = `${block}.mlp.experts.${expert}.${projection}_proj.weight`;
      return {
        ...{ name, dtype: "BF16", shape: [768, 2048], bytes: 2 * 768 * 2048, role: "gate" },
        ...{ block, layer, expert, file: i % 160, matrices: 1 },
      };
    });
    const catalogue = { ...randomCatalogue(uniform(2), 0), tensors };
    const text = JSON.stringify(packCatalogue(catalogue));
    assert.ok(text.length < 16 * tensors.length, `${text.length} characters`);
    assert.deepEqual(unpackCatalogue(JSON.parse(text) as ReturnType<typeof packCatalogue>), catalogue);
  });
});

describe("packed names", () => {
  it("never travel as half a surrogate pair", () => {
    // The two begin with the same unit, and differ in the second.
    const names = ["a😀", "a😁", "a", "😀", "😁😁"];
    const packer = new NamePacker(names.length);
    for (const name of names) packer.add(name);
    const packed = packer.packed();
    for (const ending of packed.endings) assert.doesNotMatch(ending, /\p{Surrogate}/u);
    assert.deepEqual(unpackNames(packed, names.length), names);
  });
});

describe("packed numbers", () => {
  it("take as many bytes as the largest needs", () => {
    for (const [largest, bytes] of [
      [0, 1],
      [255, 1],
      [256, 2],
      [65_535, 2],
      [65_536, 4],
      [2 ** 32 - 1, 4],
    ] as const) {
      const packed = packNumbers(Uint32Array.of(0, largest, 1));
      assert.equal(atob(packed).length, 3 * bytes);
      assert.deepEqual([...unpackNumbers(packed, 3)], [0, largest, 1]);
    }
    assert.deepEqual([...unpackNumbers(packNumbers(new Uint32Array()), 0)], []);
  });
});
