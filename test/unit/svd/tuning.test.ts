import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adapterKey, knownMatrix, quickest } from "../../../server/svd/autotune.ts";
import { chasingBytes, chasingOf } from "../../../server/svd/bulge-chasing.ts";
import { chooseBlocks } from "../../../server/svd/two-stage-kernels.ts";
import { defaultTuning, isIntegrated, isTuning, tuningChoices, type Traits } from "../../../server/svd/tuning.ts";
import { singularValues } from "../../support/svd.ts";

const card: Traits = {
  class: "discrete",
  small: false,
  fused: true,
  subgroups: true,
  workgroupBytes: 48 << 10,
  workgroupThreads: 1024,
};
const processor: Traits = { ...card, class: "processor", small: true, fused: false };

describe("the quickest choice", () => {
  for (const [what, times, expected] of [
    ["the default alone", [[5, 5, 5]], 0],
    [
      "a choice that is as quick",
      [
        [5, 5, 5],
        [5, 5, 5],
      ],
      0,
    ],
    [
      "one that is quicker by less than the margin",
      [
        [5, 5, 5],
        [4.8, 4.8, 4.8],
      ],
      0,
    ],
    [
      "one that is quicker",
      [
        [5, 5, 5],
        [4.7, 4.7, 4.7],
      ],
      1,
    ],
    [
      "one that is quicker at best only",
      [
        [5, 5, 5],
        [1, 5, 5],
      ],
      0,
    ],
    [
      "one that is quicker in the median only",
      [
        [4, 5, 6],
        [4, 4, 4],
      ],
      0,
    ],
    [
      "one that was held up once",
      [
        [5, 5, 5],
        [4, 4, 90],
      ],
      1,
    ],
    [
      "a default that was held up",
      [
        [5, 90, 90],
        [5, 5, 5],
      ],
      0,
    ],
    [
      "the quicker of two that are quicker",
      [
        [5, 5, 5],
        [4, 4, 4],
        [3, 3, 3],
      ],
      2,
    ],
    [
      "the first of two that are as quick",
      [
        [5, 5, 5],
        [3, 3, 3],
        [3, 3, 3],
      ],
      1,
    ],
    [
      "too few measurements",
      [
        [5, 5],
        [1, 1],
      ],
      0,
    ],
    [
      "a choice that was measured too seldom",
      [
        [5, 5, 5],
        [1, 1],
      ],
      0,
    ],
    ["no time at all", [[], []], 0],
  ] as const) {
    it(`${what}: ${expected}`, () => {
      assert.equal(quickest(times), expected);
    });
  }
});

describe("what is tried", () => {
  it("on a card begins with what was quickest on the one that all was measured on", () => {
    const choices = tuningChoices(card);
    const tuning = defaultTuning(choices);
    assert.deepEqual(tuning, { unrolled: true, panelThreads: 512, sweeps: 16, bisecting: 32768 });
    assert.deepEqual(chooseBlocks(tuning, card).panelThreads, 512);
    assert.deepEqual(choices.panelThreads, [512, 256]);
  });

  it("keeps within the least limits, with subgroups and without", () => {
    const least = { ...card, workgroupBytes: 16 << 10, workgroupThreads: 256 };
    for (const traits of [least, { ...least, class: "integrated" } as const, { ...card, subgroups: false }]) {
      const { sweeps, panelThreads } = tuningChoices(traits);
      for (const each of sweeps) {
        assert.ok(chasingBytes(chasingOf(8, each)) <= traits.workgroupBytes && 16 * each <= traits.workgroupThreads);
      }
      for (const each of panelThreads) {
        assert.ok(each <= 256);
        assert.equal(
          chooseBlocks({ ...defaultTuning(tuningChoices(traits)), panelThreads: each }, traits).panelThreads,
          each,
        );
      }
    }
  });

  it("on a processor is nothing that its compiler takes minutes for", () => {
    const { unrolled, panelThreads } = tuningChoices(processor);
    assert.deepEqual([unrolled, panelThreads], [[false], [64]]);
  });
});

describe("a tuning that was kept", () => {
  const choices = tuningChoices(card);
  const tuning = defaultTuning(choices);

  it("is one of the choices", () => {
    assert.ok(isTuning(tuning, choices));
    assert.ok(isTuning({ ...tuning, sweeps: 8 }, choices));
  });

  for (const [what, value] of [
    ["nothing", undefined],
    ["null", null],
    ["a number", 7],
    ["a list", [true, 512, 16, 32768]],
    ["no numbers", {}],
    ["one number missing", { unrolled: true, panelThreads: 512, sweeps: 16 }],
    ["one number more", { ...tuning, more: 1 }],
    ["a number that no choice is", { ...tuning, sweeps: 17 }],
    ["a word", { ...tuning, sweeps: "16" }],
  ] as const) {
    it(`is not ${what}`, () => {
      assert.ok(!isTuning(value, choices));
    });
  }
});

describe("the class of an adapter", () => {
  for (const [vendor, description, integrated] of [
    ["nvidia", "NVIDIA H200", false],
    ["nvidia", "NVIDIA GeForce RTX 4060 Laptop GPU", false],
    ["apple", "Apple M3 Pro", true],
    ["qualcomm", "Adreno X1-85", true],
    ["intel", "Intel(R) Iris(R) Xe Graphics", true],
    ["intel", "Intel(R) Arc(TM) Graphics", true],
    ["intel", "Intel(R) Arc(TM) A770 Graphics", false],
    ["intel", "Intel(R) Arc(TM) A550M Graphics", false],
    ["amd", "AMD Radeon(TM) Graphics", true],
    ["amd", "AMD Radeon 780M", true],
    ["amd", "AMD Radeon RX 7900 XTX", false],
    ["amd", "AMD Radeon RX 6700M", false],
    ["", "", false],
  ] as const) {
    it(`${description === "" ? "without a name" : description}: ${integrated ? "integrated" : "discrete"}`, () => {
      assert.equal(isIntegrated({ vendor, description, device: "" }), integrated);
    });
  }
});

describe("the key of an adapter", () => {
  const device = (
    info: object,
    memory = 48 << 10,
    features: readonly string[] = [],
  ): Parameters<typeof adapterKey>[0] =>
    ({
      adapterInfo: { vendor: "amd", architecture: "rdna-3", device: "1", description: "driver 1", ...info },
      limits: { maxComputeWorkgroupStorageSize: memory },
      features: new Set(features),
    }) as never;

  it("differs by device, driver, limits and features", () => {
    const keys = [
      device({}),
      device({ device: "2" }),
      device({ vendor: "intel" }),
      device({ architecture: "rdna-2" }),
      device({ description: "driver 2" }),
      device({}, 32 << 10),
      device({}, undefined, ["subgroups"]),
    ].map(adapterKey);
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(adapterKey(device({})), keys[0]);
  });
});

describe("the matrix that a choice is tried on", () => {
  it("has the values that it is said to have", () => {
    const { entries, values } = knownMatrix(60, 40);
    const found = singularValues(Float64Array.from(entries), 60, 40);
    assert.equal(values.length, 40);
    for (const [i, value] of found.entries()) assert.ok(Math.abs(value - values[i]!) < 1e-6, `${i}: ${value}`);
  });
});
