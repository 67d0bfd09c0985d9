import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countBins, smallAxes } from "../../../media/charts/small-histogram.ts";
import { headGrid, Portions } from "../../../media/model/portions.ts";
import { parseSlice, places, wholeSide } from "../../../media/model/slice.ts";
import { divergingScale } from "../../../media/ui/color-scale.ts";
import type { HeadGroup } from "../../../server/protocol.ts";
import { noMetrics } from "../../../server/spectrum/compute-metrics.ts";

function group(layer: number, role: "query" | "key", heads: number): HeadGroup {
  const tensor = `layers.${layer}.${role}`;
  return {
    ...{ tensor, role, layer, block: `layers.${layer}`, basis: "config", rows: 4, columns: 8 },
    ids: Array.from({ length: heads }, (_, head) => `${tensor}#head${head}`),
  };
}

describe("heads and parts in the view", () => {
  const part = { id: "mlp#gate", tensor: "mlp", role: "gate", expert: null, rows: 4, columns: 8 } as const;
  const portions = new Portions({
    heads: [group(10, "query", 3), group(10, "key", 1), group(2, "query", 2)],
    parts: [part, { ...part, id: "experts[1]#gate", tensor: "experts", expert: 1 }],
    estimatedSeconds: 1,
  });

  it("are known by id, by block and by tensor", () => {
    assert.equal(portions.heads, 6);
    assert.deepEqual(portions.blocks, ["layers.10", "layers.2"]);
    assert.equal(portions.portion("layers.10.query#head2")?.label, "query head 2");
    assert.equal(portions.portion("mlp#gate")?.label, "gate part");
    assert.equal(portions.inBlock("layers.10").length, 2);
    assert.deepEqual(
      portions.partsOf("experts", 1).map(({ id }) => id),
      ["experts[1]#gate"],
    );
    assert.deepEqual(portions.partsOf("experts", 0), []);
    assert.equal(portions.partsOf("mlp", null).length, 1);
  });

  it("make a grid by layer, each head where its number in the column is", () => {
    const { layers, rows } = headGrid(portions, "query");
    assert.deepEqual(layers, [2, 10]);
    assert.deepEqual(
      rows.map((cells) => cells.map((cell) => cell?.position ?? null)),
      [
        [4, 0],
        [5, 1],
        [null, 2],
      ],
    );
  });
});

describe("small histograms", () => {
  const spectrum = (values: readonly number[]) => ({
    ...{ rows: 4, columns: 8, values },
    metrics: { ...noMetrics(), upperEdge: 2, lowerEdge: 0.2, sigmaBulk: 0.4 },
  });

  it("share an axis that holds every value, those far out in the last bin", () => {
    const axes = smallAxes([spectrum([100, 1, 0.5, 0.1]), spectrum([1.5, 1, 0.5, 0.3])]);
    assert.equal(axes.from, 0);
    assert.ok(Math.abs(axes.to - 6 * 1.02) < 1e-9);
    const counts = countBins([100, 1, 0.5, 0.1], axes);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      4,
    );
    assert.equal(counts.at(-1), 1);
    assert.ok(axes.highest >= Math.max(...counts));
  });
});

describe("slices as one types them", () => {
  const read = (text: string, length = 100, most = 64): string => {
    const { start, step, count } = parseSlice(text, length, most);
    return `${start} ${step} ${count}`;
  };

  it("mean what they mean in Python, within what can be shown", () => {
    assert.equal(read("0:48"), "0 1 48");
    assert.equal(read(" 10 : 20 "), "10 1 10");
    assert.equal(read(":"), "0 1 64");
    assert.equal(read(""), "0 1 64");
    assert.equal(read("::8"), "0 8 13");
    assert.equal(read("-3:"), "97 1 3");
    assert.equal(read("5"), "5 1 1");
    assert.equal(read("-1"), "99 1 1");
    assert.equal(read("90:500:4"), "90 4 3");
    assert.deepEqual(places({ start: 90, step: 4, count: 3 }), [90, 94, 98]);
    assert.equal(wholeSide(64, 64), ":");
    assert.equal(read(wholeSide(1000, 64), 1000), "0 16 63");
  });

  it("are refused in a sentence where they mean nothing", () => {
    assert.throws(() => read("a:b"), /^Error: “a:b” is no slice/);
    assert.throws(() => read("100"), /There is no place 100 on a side of 100/);
    assert.throws(() => read("5:5"), /holds none of the 100 places/);
    assert.throws(() => read("::0"), /step of 0/);
  });
});

describe("the diverging scale", () => {
  it("has the ground in the middle and its ends apart", () => {
    const { color } = divergingScale(true, "rgba(30, 30, 30, 1.000)");
    assert.equal(color(0), "rgb(30, 30, 30)");
    assert.equal(color(-1), "rgb(86, 180, 255)");
    assert.equal(color(5), "rgb(255, 160, 60)");
  });
});
