import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeColumn, ranking, roleLayers, type Column } from "../../../media/model/across.ts";
import { Checkpoint } from "../../../media/model/checkpoint.ts";
import type { Catalogue, CatalogueTensor, Role } from "../../../server/protocol.ts";

interface Sketch {
  readonly name: string;
  readonly role: Role;
  readonly layer: number | null;
  readonly matrices: number;
}

function checkpointOf(tensors: readonly Sketch[]): Checkpoint {
  const catalogue: Catalogue = {
    path: "m",
    sharded: false,
    family: null,
    parameters: 0,
    bytes: 0,
    files: [],
    metadata: {},
    problems: [],
    tensors: tensors.map((sketch): CatalogueTensor => ({
      ...sketch,
      dtype: "F32",
      shape: [4, 4],
      bytes: 64,
      block: sketch.layer === null ? "" : `layers.${sketch.layer}`,
      expert: null,
      file: 0,
    })),
  };
  return new Checkpoint(catalogue, []);
}

const column = (values: readonly number[], noise: readonly number[]): Column => ({
  values: Float32Array.from(values),
  noise: Float32Array.from(noise),
});

describe("one metric over a checkpoint", () => {
  const checkpoint = checkpointOf([
    { name: "embed", role: "embedding", layer: null, matrices: 1 },
    { name: "layers.0.norm", role: "norm", layer: 0, matrices: 0 },
    { name: "layers.0.up", role: "up", layer: 0, matrices: 3 },
    { name: "layers.0.q", role: "query", layer: 0, matrices: 1 },
    { name: "layers.2.q", role: "query", layer: 2, matrices: 1 },
  ]);
  const numbers = column([9, 1, 5, 3, 4, NaN], [1, 2, 2, 2, 0, 7]);

  it("stands by role and layer, as the median of a cell's matrices", () => {
    const { layers, rows } = roleLayers(checkpoint, numbers);
    assert.deepEqual(layers, [0, 2]);
    assert.deepEqual(
      rows.map(({ role, cells }) => [
        role,
        cells.map((cell) => cell && [cell.value, cell.noise, cell.ratio, cell.matrices]),
      ]),
      [
        [
          "query",
          [
            [4, 0, NaN, 1],
            [NaN, 7, NaN, 1],
          ],
        ],
        ["up", [[3, 2, 1.5, 3], null]],
      ],
    );
    assert.equal(rows[1]?.cells[0]?.node.tensor.name, "layers.0.up");
  });

  it("ranks the matrices that have the number, slices by themselves", () => {
    const names = (by: "value" | "ratio", descending: boolean, most = 10): unknown[] =>
      ranking(checkpoint, numbers, { by, descending }, most).map(({ node, slice }) => [node.tensor.name, slice]);
    assert.deepEqual(names("value", true, 3), [
      ["embed", null],
      ["layers.0.up", 1],
      ["layers.0.q", null],
    ]);
    assert.deepEqual(names("ratio", false, 2), [
      ["layers.0.up", 0],
      ["layers.0.up", 2],
    ]);
    assert.equal(names("value", false).length, 5);
  });

  it("comes as base64", () => {
    const bytes = Buffer.alloc(8);
    bytes.writeFloatLE(1.5, 0);
    bytes.writeFloatLE(NaN, 4);
    const text = bytes.toString("base64");
    assert.deepEqual([...decodeColumn({ values: text, noise: "" }).values], [1.5, NaN]);
  });

  it("shows no more than asked for of 100 000 matrices", () => {
    const many = checkpointOf(
      Array.from({ length: 100_000 }, (_, k): Sketch => {
        const layer = Math.floor(k / 1000);
        return { name: `layers.${layer}.e${k}`, role: k % 2 === 0 ? "up" : "down", layer, matrices: 1 };
      }),
    );
    const big = column(
      Array.from({ length: 100_000 }, (_, k) => (k * 7919) % 100_003),
      new Array<number>(100_000).fill(2),
    );
    assert.equal(roleLayers(many, big).rows.length, 2);
    assert.equal(ranking(many, big, { by: "ratio", descending: false }, 50).length, 50);
  });
});
