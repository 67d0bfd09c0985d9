/** The command line as a person runs it, on real checkpoints: the built program, a real adapter, its exit status. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import manifest from "../../package.json" with { type: "json" };
import { openCheckpoint } from "../../server/checkpoint/open.ts";
import { metricKeys } from "../../server/spectrum/metrics.ts";
import { parseCsv } from "../support/csv.ts";
import { decode, readSafetensors, safetensors, encode } from "../support/safetensors.ts";
import { singularValues as exactSingularValues } from "../support/svd.ts";
import { gaussianMatrix } from "../support/random.ts";
import { parseSarif, shownMessage } from "../support/sarif.ts";
import { copySample, overwrite, reinitialise, sampleIndex, samples } from "../support/sample.ts";
import { until } from "../support/until.ts";

interface Outcome {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

interface Randomness {
  readonly meanP: number | null;
  readonly shareBelow05: number | null;
}

/** With `--vectors` the randomness of both sides' vectors stands among the metrics. */
type Numbers = Readonly<Record<string, number | null | Randomness>> & {
  readonly ksLeft?: Randomness;
  readonly ksRight?: Randomness;
};

type EachVector = Readonly<
  Record<"pValues" | "movingAverage" | "largest" | "inverseParticipation", readonly (number | null)[]>
>;

interface Matrix {
  readonly name: string;
  readonly role: string;
  readonly layer: number | null;
  readonly head: number | null;
  readonly basis?: string;
  readonly shape: readonly number[];
  readonly singularValues: readonly (number | null)[];
  readonly metrics: Numbers;
  readonly noise: Numbers;
  readonly entries: { readonly variance: number; readonly initialiser: string | null } | null;
  readonly compression: { readonly byEnergy: readonly { readonly rank: number }[] } | null;
  readonly vectors?: Readonly<Record<"left" | "right", EachVector>>;
  readonly drawn?: {
    readonly initialiser: { readonly words: string; readonly sigma: number; readonly basis: string };
    readonly dtype: string;
    readonly singularValues: readonly number[];
    readonly metrics: Numbers;
  } | null;
  readonly verdict: { readonly grade: string; readonly pValue: number | null; readonly reason: string };
}

interface Product {
  readonly module: string;
  readonly role?: string;
  readonly layer: number | null;
  readonly head?: number;
  readonly keyHead?: number;
  readonly alpha?: number | null;
  readonly scale?: number | null;
  readonly shape: readonly number[];
  readonly rank: number;
  readonly singularValues: readonly number[];
  readonly metrics: Numbers;
  readonly noise: Numbers;
  readonly verdict: Matrix["verdict"];
}

interface Report {
  readonly schema: number;
  readonly engine: { readonly version: string; readonly adapter: string; readonly software: boolean };
  readonly checkpoints: readonly {
    readonly path: string;
    readonly files: number;
    readonly tensors: number;
    readonly parameters: number;
    readonly bytes: number;
    readonly family: string | null;
    readonly matrices: readonly Matrix[];
    readonly updates: readonly Product[];
    readonly attention: readonly Product[];
    readonly problems: readonly { code: string; severity: string; tensor: string | null; message: string }[];
    readonly profiles: {
      readonly roles: readonly { readonly role: string; readonly layers: readonly number[] }[];
      readonly mostRandom: readonly { readonly name: string }[];
      readonly averageSpectra: readonly { readonly role: string; readonly singularValues: readonly number[] }[];
    };
  }[];
}

/** The `rank` singular values of B·A, B `rows × rank` and A `rank × columns`, in float64. */
function updateValues(
  b: Float64Array,
  a: Float64Array,
  [rows, columns]: readonly [number, number],
  rank: number,
): Float64Array {
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rank; k++) {
      for (let j = 0; j < columns; j++) product[i * columns + j]! += b[i * rank + k]! * a[k * columns + j]!;
    }
  }
  return exactSingularValues(product, rows, columns).subarray(0, rank);
}

describe("safetensors-spectrum", () => {
  let folder = "";
  let cache = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "command-line-"));
    cache = join(folder, "cache");
  });
  after(() => rm(folder, { recursive: true }));

  function run(...argv: string[]): Promise<Outcome> {
    return new Promise((done) => {
      const options = { env: { ...process.env, XDG_CACHE_HOME: cache }, maxBuffer: 1 << 28 };
      execFile(process.execPath, [resolve("dist/server/cli.mjs"), ...argv], options, (error, output, errors) => {
        done({ status: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, output, errors });
      });
    });
  }

  async function report(...argv: string[]): Promise<Report> {
    const { status, output, errors } = await run(...argv, "--format", "json", "--fail-on", "never");
    assert.equal(status, 0, errors);
    assert.equal(errors, "");
    return JSON.parse(output) as Report;
  }

  async function onlyCheckpoint(...argv: string[]): Promise<Report["checkpoints"][number]> {
    const { checkpoints } = await report(...argv);
    assert.equal(checkpoints.length, 1);
    return checkpoints[0]!;
  }

  it("computes every matrix of the sharded sample to within 1e-6 of the largest value", async () => {
    const { schema, engine, checkpoints } = await report(sampleIndex);
    assert.equal(schema, 1);
    assert.equal(engine.version, manifest.version);
    assert.notEqual(engine.adapter, "");
    const checkpoint = checkpoints[0]!;
    assert.deepEqual(
      [checkpoint.path, checkpoint.files, checkpoint.family, checkpoint.problems.length],
      [sampleIndex, 3, "llama", 0],
    );
    const references = await readSafetensors("test/references/tiny-llama.singular-values.safetensors");
    assert.deepEqual(checkpoint.matrices.map(({ name }) => name).sort(), [...references.keys()].sort());
    for (const matrix of checkpoint.matrices) {
      const { values } = references.get(matrix.name)!;
      assert.equal(matrix.singularValues.length, Math.min(...matrix.shape));
      matrix.singularValues.forEach((value, index) => {
        assert.ok(Math.abs(value! - values[index]!) <= 1e-6 * values[0]!, `${matrix.name} ${index}`);
      });
      assert.deepEqual(Object.keys(matrix.metrics).sort(), [...metricKeys].sort());
      assert.deepEqual(Object.keys(matrix.noise).sort(), [...metricKeys].sort());
      assert.equal(matrix.compression!.byEnergy[2]!.rank, matrix.metrics["energy90"]);
      assert.ok(Math.abs(matrix.entries!.variance ** 0.5 / Number(matrix.metrics["sigmaEntries"]) - 1) < 0.01);
      assert.ok(!["random", "near-random"].includes(matrix.verdict.grade), `${matrix.name} ${matrix.verdict.reason}`);
    }
    const { roles, mostRandom, averageSpectra } = checkpoint.profiles;
    assert.deepEqual(roles.find(({ role }) => role === "query")!.layers, [0, 1, 2]);
    assert.match(mostRandom[0]!.name, /v_proj/);
    assert.equal(averageSpectra.find(({ role }) => role === "query")!.singularValues.length, 384);
    const query = checkpoint.matrices.find(({ name }) => name.endsWith("1.self_attn.q_proj.weight"))!;
    assert.deepEqual([query.role, query.layer, query.head], ["query", 1, null]);
  });

  it("analyses heads and vectors where they are asked for, and keeps them", async () => {
    const argv = [sampleIndex, "--tensor", "*.2.self_attn.[kv]_proj.weight", "--heads", "--vectors"];
    const { matrices, problems } = await onlyCheckpoint(...argv);
    assert.deepEqual(
      matrices.map(({ name, role, head, shape }) => `${name.split(".")[4]} ${role} ${head} ${shape.join("×")}`),
      ["k_proj key", "v_proj value"].flatMap((each) => [
        `${each} null 128×384`,
        `${each} 0 64×384`,
        `${each} 1 64×384`,
      ]),
    );
    const references = await readSafetensors("test/references/tiny-llama.heads.safetensors");
    for (const { name, head, singularValues, metrics, noise, vectors } of matrices) {
      assert.ok(Math.abs(noise.ksRight!.meanP! - 0.5527) < 1e-3 && noise.ksLeft!.shareBelow05 === 0.039);
      assert.ok(metrics.ksLeft !== undefined && metrics.ksRight !== undefined);
      const { pValues, movingAverage, largest, inverseParticipation } = vectors!.right;
      for (const each of [pValues, movingAverage, largest, inverseParticipation]) {
        assert.equal(each.length, singularValues.length);
      }
      const mean = pValues.reduce((sum, p) => sum! + p!, 0)! / pValues.length;
      assert.ok(Math.abs(mean - metrics.ksRight.meanP!) < 1e-5);
      const { localisationRight } = metrics as unknown as { localisationRight: { largest: number } };
      const noiseRight = (noise as unknown as { localisationRight: { largest: number } }).localisationRight;
      // Where a head has learned something, a few entries are larger than in a random direction.
      assert.ok(localisationRight.largest > 0.9 * noiseRight.largest && localisationRight.largest < 1, name);
      if (head === null) continue;
      const { values } = references.get(`${name}#head${head}`)!;
      singularValues.forEach((value, i) => {
        assert.ok(Math.abs(value! - values[i]!) <= 6e-7 * values[0]!, `${name} ${head} ${i}`);
      });
      for (const [side, randomness] of [
        ["left", metrics.ksLeft],
        ["right", metrics.ksRight],
      ] as const) {
        const exact = references.get(`${name}#head${head} ${side}`)!.values;
        const mean = exact.reduce((sum, p) => sum + p, 0) / exact.length;
        // The exact p-values of finite n are a little smaller than the asymptotic ones.
        assert.ok(Math.abs(randomness.meanP! - mean) < 0.034, `${side} ${randomness.meanP} ${mean}`);
      }
    }
    assert.deepEqual(problems, []);
    assert.deepEqual((await onlyCheckpoint(...argv)).matrices, matrices);
    const [plain] = (await onlyCheckpoint(...argv.slice(0, 3))).matrices;
    assert.deepEqual(Object.keys(plain!.metrics).sort(), [...metricKeys].sort());
  });

  it("computes the updates of an adapter, scaled as its config says", async () => {
    const path = resolve("samples/lora-adapter/adapter_model.safetensors");
    const { updates } = await onlyCheckpoint(path);
    assert.equal(updates.length, 15);
    const tensors = await readSafetensors(path);
    for (const { module, role, alpha, scale, rank, shape, singularValues, metrics, noise, verdict } of updates) {
      const [a, b] = [tensors.get(`${module}.lora_A.weight`)!, tensors.get(`${module}.lora_B.weight`)!];
      assert.deepEqual([alpha, scale, rank, shape], [16, 2, 8, [b.shape[0], a.shape[1]]]);
      assert.equal(role, module.endsWith("q_proj") ? "query" : module.endsWith("v_proj") ? "value" : "down");
      const expected = updateValues(b.values, a.values, shape as [number, number], 8).map((value) => 2 * value);
      assert.ok(
        singularValues.every((value, i) => Math.abs(value - expected[i]!) <= 1e-5 * expected[0]!),
        module,
      );
      assert.ok(Math.abs((noise["effectiveRank"] as number) - 7.7) < 0.2 && metrics["upperEdge"] === undefined);
      assert.match(verdict.reason, /^ΔW = \(16\/8\)·B·A: /);
    }
    assert.match((await run(path)).output, /^UPDATE ΔW .*\n.*layers\.0\.mlp\.down_proj +256 × 704 +2 +8 /m);
  });

  it("reads an adapter beside its base, each with its own config", async () => {
    const both = join(folder, "both");
    for (const name of ["tiny-llama", "lora-adapter"]) await cp(join(samples, name), both, { recursive: true });
    const { checkpoints } = await report(both, "--headers-only");
    assert.deepEqual(
      checkpoints.map(({ path, problems }) => [path, problems]),
      [
        [join(both, "adapter_model.safetensors"), []],
        [join(both, "model.safetensors.index.json"), []],
      ],
    );
    const alone = await onlyCheckpoint(join(samples, "lora-adapter", "adapter_model.safetensors"));
    const beside = await onlyCheckpoint(join(both, "adapter_model.safetensors"));
    assert.equal(beside.updates.length, 15);
    assert.deepEqual(beside.updates, alone.updates);
  });

  it("says what is wrong with an adapter's config, and that α is unknown", async () => {
    const adapter = join(folder, "adapter");
    await cp("samples/lora-adapter", adapter, { recursive: true });
    const config = join(adapter, "adapter_config.json");
    await writeFile(config, (await readFile(config, "utf8")).replace('"lora_alpha": 16', '"lora_alpha": "much"'));
    const { updates, problems } = await onlyCheckpoint(adapter, "--tensor", "*.0.self_attn.q_proj.*");
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [["invalid-config", 'adapter_config.json does not tell the scale of updates: lora_alpha is "much", no number.']],
    );
    assert.deepEqual([updates.length, updates[0]!.scale], [1, null]);
    assert.match(updates[0]!.verdict.reason, /^B·A of rank 8, α unknown: /);
  });

  it("computes W_QᵀW_K of each query head with its group's key head", async () => {
    const argv = [sampleIndex, "--tensor", "*.1.self_attn.[qk]_proj.weight", "--heads"];
    const { attention, matrices } = await onlyCheckpoint(...argv);
    assert.deepEqual(
      attention.map(({ module, layer, head, keyHead, shape, rank }) => [module, layer, head, keyHead, ...shape, rank]),
      [0, 1, 2, 3, 4, 5].map((head) => ["model.layers.1.self_attn", 1, head, Math.floor(head / 3), 384, 384, 64]),
    );
    assert.ok(matrices.filter(({ head }) => head !== null).every(({ basis }) => basis === "config"));
    const checkpoint = await openCheckpoint(sampleIndex);
    const weights = await Promise.all(
      ["q", "k"].map(async (letter) => {
        const tensor = checkpoint.tensors.find(({ name }) => name.endsWith(`1.self_attn.${letter}_proj.weight`))!;
        const file = await readFile(checkpoint.files[tensor.file]!.path);
        return decode(file.subarray(tensor.begin, tensor.end), "BF16");
      }),
    );
    for (const { head, keyHead, singularValues, metrics, noise } of attention.filter(
      ({ head: each }) => each! % 2 === 0,
    )) {
      const part = (which: number, index: number): Float64Array =>
        weights[which]!.subarray(index * 64 * 384, (index + 1) * 64 * 384);
      // The transpose of the query head, 384 × 64, times the key head.
      const query = Float64Array.from(
        { length: 384 * 64 },
        (_, k) => part(0, head!)[(k % 64) * 384 + Math.floor(k / 64)]!,
      );
      const expected = updateValues(query, part(1, keyHead!), [384, 384], 64);
      assert.ok(
        singularValues.every((value, i) => Math.abs(value - expected[i]!) <= 1e-5 * expected[0]!),
        String(head),
      );
      assert.ok((metrics["effectiveRank"] as number) < (noise["effectiveRank"] as number));
    }
    const { output } = await run(...argv);
    assert.match(output, /^Size of the heads: as config\.json says\.$/m);
    assert.match(output, /^model\.layers\.1\.self_attn +384 × 384 +5·1 +64 /m);
  });

  it("draws a fresh matrix beside each", async () => {
    const { matrices } = await onlyCheckpoint(sampleIndex, "--tensor", "*.1.self_attn.k_proj.weight", "--draw");
    const { drawn, noise, metrics } = matrices[0]!;
    assert.match(drawn!.initialiser.words, /initializer_range/);
    assert.deepEqual([drawn!.initialiser.basis, drawn!.dtype], ["config", "BF16"]);
    assert.equal(drawn!.singularValues.length, 128);
    assert.ok(Math.abs((drawn!.metrics["sigmaEntries"] as number) - 0.02) < 0.0005);
    // Fresh is as noise is, and not as what was learned.
    const ratio = (key: string): number => (drawn!.metrics[key] as number) / (noise[key] as number);
    assert.ok(Math.abs(ratio("participationRatio") - 1) < 0.02);
    assert.ok((metrics["participationRatio"] as number) < 0.9 * (noise["participationRatio"] as number));
    const { output } = await run(sampleIndex, "--tensor", "*.1.self_attn.k_proj.weight", "--draw");
    assert.match(output, /^ {2}fresh N\(0, 0\.02²\) /m);
  });

  it("tells of a single random head, once for its layer", async () => {
    const index = await copySample();
    const checkpoint = await openCheckpoint(index);
    const query = checkpoint.tensors.find(({ name }) => name === "model.layers.0.self_attn.q_proj.weight")!;
    const head = encode(gaussianMatrix(64, 384, 9, 0.02), "BF16");
    await overwrite(checkpoint.files[query.file]!.path, head, query.begin + 3 * head.length);
    const { problems } = await onlyCheckpoint(index, "--heads", "--tensor", query.name);
    assert.deepEqual(problems, [
      {
        code: "heads",
        severity: "information",
        tensor: query.name,
        head: 3,
        message: "model.layers.0: query head 3 looks randomly initialised (1 of 6 heads).",
      },
    ]);
    await rm(dirname(index), { recursive: true });
  });

  it("names a re-initialised block, and fails on it", async () => {
    const index = await copySample();
    const names = await reinitialise(index, "model.layers.1");
    const { status, output } = await run(index, "--format", "json");
    assert.equal(status, 1);
    const { matrices, problems } = (JSON.parse(output) as Report).checkpoints[0]!;
    assert.deepEqual(
      matrices
        .filter(({ verdict }) => verdict.grade === "random")
        .map(({ name }) => name)
        .sort(),
      [...names].sort(),
    );
    assert.deepEqual(problems.map(({ tensor }) => tensor).sort(), [...names].sort());
    for (const problem of problems) {
      assert.deepEqual([problem.code, problem.severity], ["random", "warning"]);
      assert.match(problem.message, /looks randomly initialised: .*initializer_range/);
    }
    assert.equal((await run(index, "--fail-on", "error")).status, 0);
    const sarif = await run(index, "--format", "sarif");
    assert.deepEqual([sarif.status, sarif.errors], [1, ""]);
    const { results, invocations, artifacts } = parseSarif(sarif.output);
    assert.deepEqual(
      results.map(({ locations }) => locations[0]!.logicalLocations![0]!.name).sort(),
      [...names].sort(),
    );
    assert.ok(results.every(({ ruleId, level }) => ruleId === "random" && level === "warning"));
    assert.ok(results.every(({ message }) => shownMessage(message).includes("looks randomly initialised")));
    assert.deepEqual([invocations[0].executionSuccessful, artifacts.length], [true, 3]);
    const csv = await run(index, "--format", "csv");
    const [head, ...records] = parseCsv(csv.output);
    const column = (name: string): string[] => records.map((record) => record[head!.indexOf(name)]!);
    assert.deepEqual(
      column("name"),
      matrices.map(({ name }) => name),
    );
    assert.deepEqual(
      column("grade"),
      matrices.map(({ verdict }) => verdict.grade),
    );
    assert.deepEqual(
      column("effectiveRank").map(Number),
      matrices.map(({ metrics }) => metrics["effectiveRank"]),
    );
    assert.equal(column("problems").filter((codes) => codes === "random").length, names.length);
    assert.equal((await run(index, "--tensor", "model.layers.0.*")).status, 0);
    await rm(dirname(index), { recursive: true });
  });

  it("grades the degenerate classes", async () => {
    const path = join(folder, "degenerate.safetensors");
    const size = 40;
    const matrix = (entry: (i: number, j: number) => number): { dtype: "F32"; shape: number[]; data: Uint8Array } => ({
      dtype: "F32",
      shape: [size, size],
      data: encode(
        Float64Array.from({ length: size * size }, (_, k) => entry(Math.floor(k / size), k % size)),
        "F32",
      ),
    });
    // A Householder reflection is orthogonal.
    const reflection = matrix((i, j) => (i === j ? 1 : 0) - 2 / size);
    const smooth = matrix((i, j) => Math.sin(1 + i * 0.3) * Math.cos(j * 0.7) + (i + 2 * j) / 50);
    await writeFile(
      path,
      safetensors({
        "a.zero.weight": matrix(() => 0),
        "b.constant.weight": matrix(() => 0.5),
        "c.identity.weight": matrix((i, j) => (i === j ? 1 : 0)),
        "d.orthogonal.weight": reflection,
        "e.learned.weight": smooth,
        "f.copy.weight": smooth,
        "g.nan.weight": matrix((i, j) => (i === 3 && j === 4 ? NaN : i - j)),
        "h.small.weight": { dtype: "F32", shape: [3, 4], data: encode([1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3], "F32") },
        "i.complex.weight": { dtype: "C64", shape: [2, 2], data: new Uint8Array(32) },
        "j.vector": { dtype: "F32", shape: [4], data: encode([1, 2, 3, 4], "F32") },
      }),
    );
    const { matrices, problems } = await onlyCheckpoint(path);
    assert.deepEqual(
      matrices.map(({ name, verdict }) => [name.split(".")[1], verdict.grade]),
      [
        ["zero", "zero"],
        ["constant", "constant"],
        ["identity", "identity"],
        ["orthogonal", "orthogonal"],
        ["learned", "learned"],
        ["copy", "duplicate"],
        ["nan", "non-finite"],
        ["small", "too-small"],
        ["complex", "unsupported"],
      ],
    );
    assert.match(matrices[5]!.verdict.reason, /e\.learned\.weight/);
    assert.equal(matrices[6]!.singularValues.length, size);
    assert.ok(matrices[6]!.singularValues.every((value) => value === null));
    assert.ok(matrices[0]!.singularValues.every((value) => value === 0));
    assert.deepEqual(
      problems.map(({ code, severity }) => `${code} ${severity}`),
      [
        "zero warning",
        "constant warning",
        "identity information",
        "orthogonal information",
        // The learned matrix is a sum of few products.
        "rank-deficient information",
        "duplicate warning",
        "non-finite error",
      ],
    );
  });

  it("computes LoRA adapters, whose matrices are thin", async () => {
    const { matrices, problems } = await onlyCheckpoint(join(samples, "lora-adapter", "adapter_model.safetensors"));
    // Its A matrices are hardly told from noise, as in every adapter: that is no problem.
    assert.deepEqual(problems, []);
    const references = await readSafetensors("test/references/lora-adapter.singular-values.safetensors");
    assert.equal(matrices.length, references.size);
    for (const { name, singularValues } of matrices) {
      const { values } = references.get(name)!;
      singularValues.forEach((value, index) => {
        assert.ok(Math.abs(value! - values[index]!) <= 1e-6 * values[0]!, `${name} ${index}`);
      });
    }
  });

  it("answers a second time from the cache, with the same numbers", async () => {
    const path = join(folder, "again.safetensors");
    const data = encode(
      Float64Array.from({ length: 900 }, (_, k) => Math.sin(k * k)),
      "F32",
    );
    await writeFile(path, safetensors({ w: { dtype: "F32", shape: [30, 30], data } }));
    const first = await report(path);
    // An adapter that does not exist is not asked when nothing is left to compute.
    const second = await report(path, "--adapter", "no such adapter");
    assert.deepEqual(second, first);
    const { status, errors } = await run(path, "--adapter", "no such adapter", "--no-cache");
    assert.equal(status, 2);
    assert.match(errors, /^safetensors-spectrum: No graphics adapter is called “no such adapter”\. [^\n]+\n$/);
  });

  it("writes a table for people, and files on request", async () => {
    const path = join(samples, "lora-adapter", "adapter_model.safetensors");
    const { output } = await run(path, "--fail-on", "never");
    assert.match(output, /MATRIX +SHAPE +GRADE/);
    const file = join(folder, "report.json");
    const { output: nothing } = await run(path, "--format", "json", "--output", file, "--fail-on", "never");
    assert.equal(nothing, "");
    assert.equal((JSON.parse(await readFile(file, "utf8")) as Report).schema, 1);
    const unwritable = await run(path, "--output", join(folder, "no", "such", "folder"), "--fail-on", "never");
    assert.equal(unwritable.status, 2);
    assert.match(unwritable.errors, /^safetensors-spectrum: ".*" cannot be written: there is no such folder\n$/);
  });

  it("reads folders as all the checkpoints in them", async () => {
    const nested = join(folder, "nested");
    await mkdir(join(nested, "deeper"), { recursive: true });
    await cp(join(samples, "lora-adapter"), join(nested, "deeper", "adapter"), { recursive: true });
    const data = encode(Float64Array.from({ length: 4 }), "F32");
    await writeFile(join(nested, "one.safetensors"), safetensors({ w: { dtype: "F32", shape: [2, 2], data } }));
    const { checkpoints } = await report(nested);
    assert.deepEqual(
      checkpoints.map(({ path }) => path),
      [join(nested, "deeper", "adapter", "adapter_model.safetensors"), join(nested, "one.safetensors")],
    );
  });

  it("reads what globs and shards stand for, each checkpoint once", async () => {
    const nested = join(folder, "glob");
    await cp(join(samples, "tiny-llama"), join(nested, "llama"), { recursive: true });
    await cp(join(samples, "lora-adapter"), join(nested, "lora [1]"), { recursive: true });
    const shards = [1, 2, 3].map((i) => join(nested, "llama", `model-0000${i}-of-00003.safetensors`));
    const { checkpoints } = await report(...shards, join(nested, "*"), nested, "--headers-only");
    assert.deepEqual(
      checkpoints.map(({ path, tensors, matrices }) => [path, tensors, matrices.length]),
      [
        [join(nested, "llama", "model.safetensors.index.json"), 30, 0],
        [join(nested, "lora [1]", "adapter_model.safetensors"), 30, 0],
      ],
    );
  });

  it("checks headers without a GPU", async () => {
    const nowhere = ["--adapter", "no such adapter"];
    assert.deepEqual(
      await run(sampleIndex, "--headers-only", "--format", "csv", ...nowhere).then(({ status }) => status),
      0,
    );
    const index = await copySample();
    await rm(join(dirname(index), "model-00003-of-00003.safetensors"));
    const { status, output } = await run(index, "--headers-only", "--format", "sarif", ...nowhere);
    assert.equal(status, 2);
    const { results, invocations } = parseSarif(output);
    assert.ok(results.some(({ ruleId, level }) => ruleId === "missing-shard" && level === "error"));
    assert.equal(invocations[0].executionSuccessful, false);
    await rm(dirname(index), { recursive: true });
  });

  it("reports what is known where nothing can be computed, and exits with 2", async () => {
    const { status, output, errors } = await run(sampleIndex, "--no-cache", "--adapter", "no such adapter");
    assert.equal(status, 2);
    assert.match(errors, /^safetensors-spectrum: No graphics adapter is called “no such adapter”\. [^\n]+\n$/);
    assert.match(output, /\n23 matrices not analysed\.\n/);
    assert.doesNotMatch(output, /MATRIX/);
  });

  it("ends with 130 when it is interrupted, says nothing on standard output, and goes on from there", async () => {
    const own = join(folder, "interrupted");
    const file = join(folder, "interrupted.json");
    const environment = { ...process.env, XDG_CACHE_HOME: own, LOCALAPPDATA: own, HOME: own };
    const program = [resolve("dist/server/cli.mjs"), sampleIndex, "--format", "json"];
    const child = spawn(process.execPath, [...program, "--output", file], { env: environment });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = once(child, "exit");
    // As soon as a result is kept.
    await until("a result", async () => {
      const names = await readdir(own, { recursive: true }).catch(() => []);
      const stores = names.filter((name) => name.endsWith(".spectra"));
      const texts = await Promise.all(stores.map((name) => readFile(join(own, name), "utf8")));
      return texts.some((text) => text.includes('"key"'));
    });
    child.kill("SIGINT");
    assert.deepEqual(await ended, [130, null]);
    assert.equal(output, "");
    await assert.rejects(readFile(file), { code: "ENOENT" });
    // What it had computed is known without computing.
    const known = await new Promise<Report>((done) => {
      const argv = [...program, "--adapter", "no such adapter"];
      execFile(process.execPath, argv, { env: environment, maxBuffer: 1 << 28 }, (_, text) => {
        done(JSON.parse(text) as Report);
      });
    });
    assert.ok(known.checkpoints[0]!.matrices.length >= 1);
  });

  it("keeps nothing where it cannot, and computes all the same", async () => {
    const path = join(samples, "lora-adapter", "adapter_model.safetensors");
    const { status, output, errors } = await run(path, "--headers-only", "--format", "json");
    assert.deepEqual([status, errors], [0, ""]);
    const file = join(folder, "a-file");
    await writeFile(file, "");
    const elsewhere = await new Promise<Outcome>((done) => {
      const options = { env: { ...process.env, XDG_CACHE_HOME: file, LOCALAPPDATA: file, HOME: file } };
      const argv = [resolve("dist/server/cli.mjs"), path, "--headers-only", "--format", "json"];
      execFile(process.execPath, argv, options, (error, text, told) => {
        done({ status: error === null ? 0 : -1, output: text, errors: told });
      });
    });
    assert.deepEqual([elsewhere.status, elsewhere.output], [0, output]);
    assert.match(elsewhere.errors, /^safetensors-spectrum: results are not kept, because .* cannot be written\n$/);
  });

  it("says in one plain line what it could not read, and exits with 2", async () => {
    const truncated = await copySample();
    const shard = join(dirname(truncated), "model-00002-of-00003.safetensors");
    await truncate(shard, 2_000_000);
    const missing = await copySample();
    await rm(join(dirname(missing), "model-00003-of-00003.safetensors"));
    const text = join(folder, "text.safetensors");
    await writeFile(text, "This is no checkpoint at all, but a text that somebody gave the wrong name.\n".repeat(20));
    const lies = join(folder, "lies.safetensors");
    const header = JSON.stringify({ w: { dtype: "F32", shape: [4, 4], data_offsets: [0, 60] } }).padEnd(64);
    await writeFile(
      lies,
      Buffer.concat([Buffer.from(BigUint64Array.of(64n).buffer), Buffer.from(header), Buffer.alloc(60)]),
    );
    const table: [string, RegExp][] = [
      [truncated, /model-00002-of-00003\.safetensors/],
      [missing, /model-00003-of-00003\.safetensors/],
      [text, /text\.safetensors/],
      [lies, /“?w”?.*6[04]/],
      [join(folder, "absent.safetensors"), /absent\.safetensors/],
      [join(folder, "no-checkpoints-here"), /no-checkpoints-here/],
    ];
    for (const [path, message] of table) {
      const { status, errors } = await run(path, "--tensor", "none of them");
      assert.equal(status, 2, path);
      const lines = errors
        .trimEnd()
        .split("\n")
        .filter((line) => !line.includes("no matrix of"));
      assert.equal(lines.length, 1, errors);
      assert.match(lines[0]!, message);
      assert.match(lines[0]!, /^safetensors-spectrum: /);
      assert.doesNotMatch(lines[0]!, /\bat .*:\d+:\d+|node:/);
    }
    for (const index of [truncated, missing]) {
      await rm(dirname(index), { recursive: true });
    }
  });

  it("is clean on a file without matrices", async () => {
    const path = join(folder, "vectors.safetensors");
    await writeFile(path, safetensors({ b: { dtype: "F32", shape: [2], data: encode([1, 2], "F32") } }));
    assert.deepEqual(await run(path, "--fail-on", "information").then(({ status, errors }) => [status, errors]), [
      0,
      "",
    ]);
  });
});
