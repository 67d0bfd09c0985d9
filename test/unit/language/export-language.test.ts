/** An editor in another language: files for machines are English in every sentence, the page for people is not. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { defaultPreferences } from "../../../server/analysis/policy.ts";
import { exportResults } from "../../../server/language/export-results.ts";
import type { ExportFormat } from "../../../server/protocol.ts";
import { loadTexts, said, t } from "../../../server/text/l10n.ts";
import { analysisWith } from "../../support/analysis.ts";
import { readyEngine as engine } from "../../support/engine-status.ts";
import { encode, safetensors, type TensorData } from "../../support/safetensors.ts";

const formats = ["json", "csv", "sarif", "html"] as const;
const german = JSON.parse(await readFile("l10n/bundle.l10n.de.json", "utf8")) as Record<string, string>;

const matrix = (first: number): TensorData => ({
  dtype: "F32",
  shape: [4, 4],
  data: encode([first, ...new Array<number>(15).fill(1)], "F32"),
});
const vectors = (): Float32Array => new Float32Array(4).fill(0.5);

describe("what an editor in German exports", () => {
  let folder = "";
  let path = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "export-language-"));
    path = join(folder, "model.safetensors");
    // Layer 1 lacks what layers 0 and 2 have; one dtype cannot be analysed; the config is broken.
    const names = [0, 2].flatMap((layer) => [
      `model.layers.${layer}.self_attn.q_proj.weight`,
      `model.layers.${layer}.mlp.up_proj.weight`,
    ]);
    await writeFile(
      path,
      safetensors({
        ...Object.fromEntries([...names, "model.layers.1.mlp.up_proj.weight"].map((name, i) => [name, matrix(i)])),
        "complex.weight": { dtype: "C64", shape: [2, 2], data: new Uint8Array(32) },
        "huge.weight": matrix(9),
      }),
    );
    await writeFile(join(folder, "config.json"), "{ broken");
    await writeFile(join(folder, ".safetensors-spectrum.json"), '{ "severity": 1 }');
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  /** Exports in every format what an editor of a language knows. */
  async function exported(texts: Record<string, string> | undefined): Promise<Record<ExportFormat, string>> {
    loadTexts({ language: texts === undefined ? "en" : "de", texts });
    try {
      const analysis = await CheckpointAnalysis.open(path);
      await analysis.attachStores(null);
      for (const [index, view] of analysis.matrices.entries()) {
        if (view.id === "complex.weight") continue;
        const known = analysisWith([4 - index / 8, 0.5, 1e-9, 0]);
        const fingerprint = index < 2 ? "1".repeat(32) : `${index}`.repeat(32);
        const entries = { ...known.measurement.entries, fingerprint, zeroRows: 2, nonFinite: index === 3 ? 5 : 0 };
        analysis.accept(view, { ...known, measurement: { ...known.measurement, entries } });
      }
      const huge = analysis.matrices.find(({ id }) => id === "huge.weight");
      assert.ok(huge);
      const memory = t("{0} MiB could not be had", 12);
      analysis.refuse(huge, said(t("It needs more memory than {0} has free: {1}.", "a GPU", memory)));
      analysis.enqueue(null);
      const found: Partial<Record<ExportFormat, string>> = {};
      for (const format of formats) {
        const file = join(folder, `results.${format}`);
        const signal = new AbortController().signal;
        await exportResults(analysis, engine, defaultPreferences, { path: file, format, folder }, signal);
        found[format] = await readFile(file, "utf8");
      }
      // What the editor itself shows goes on in its language.
      const shown = analysis.findings(defaultPreferences).map(({ message }) => message);
      assert.ok(shown.length > 4);
      assert.equal(
        shown.some((message) => /\b(?:ist|hat|fehlt|fehlen|enthält)\b/u.test(message)),
        texts !== undefined,
      );
      await analysis.close();
      return found as Record<ExportFormat, string>;
    } finally {
      loadTexts({ language: "en" });
    }
  }

  it("is for machines what an editor in English exports, and for people a German page", async () => {
    const english = await exported(undefined);
    assert.match(english.json, /It needs more memory than a GPU has free: 12 MiB could not be had\./u);
    assert.match(english.json, /C64/u);
    const other = await exported(german);
    for (const format of ["json", "csv", "sarif"] as const) assert.equal(other[format], english[format], format);
    assert.match(english.html, /<html lang="en">/u);
    assert.match(other.html, /<html lang="de">/u);
    assert.match(other.html, /Matrizen/u);
  });

  it("is told in the person's language where it cannot be written", async () => {
    loadTexts({ language: "de", texts: german });
    try {
      const analysis = await CheckpointAnalysis.open(path);
      const target = { path: join(folder, "nowhere/results.json"), format: "json" as const, folder };
      const signal = new AbortController().signal;
      await assert.rejects(exportResults(analysis, engine, defaultPreferences, target, signal), /Ordner/u);
      const aborted = AbortSignal.abort(new Error("cancelled"));
      await assert.rejects(exportResults(analysis, engine, defaultPreferences, target, aborted), /cancelled/u);
      await analysis.close();
    } finally {
      loadTexts({ language: "en" });
    }
  });

  it("holds the heads and singular vectors that are known", async () => {
    await mkdir(join(folder, "attention"));
    const attention = join(folder, "attention", "model.safetensors");
    const data = encode(
      Float64Array.from({ length: 128 * 128 }, (_, i) => Math.sin(i)),
      "F32",
    );
    const tensor = { dtype: "F32", shape: [128, 128], data } as const;
    await writeFile(
      join(folder, "attention", "config.json"),
      '{ "model_type": "llama", "num_attention_heads": 4, "hidden_size": 128 }',
    );
    await writeFile(attention, safetensors({ "model.layers.0.self_attn.q_proj.weight": tensor }));
    const analysis = await CheckpointAnalysis.open(attention);
    await analysis.attachStores(null);
    const write = async (): Promise<{ readonly head: number | null; readonly vectors?: unknown }[]> => {
      const file = join(folder, "attention.json");
      const target = { path: file, format: "json" as const, folder };
      await exportResults(analysis, engine, defaultPreferences, target, new AbortController().signal);
      const report = JSON.parse(await readFile(file, "utf8")) as {
        readonly checkpoints: readonly { readonly matrices: { readonly head: number | null }[] }[];
      };
      return report.checkpoints[0]!.matrices;
    };
    const [whole] = analysis.matrices;
    assert.ok(whole);
    analysis.accept(whole, analysisWith([4]));
    const plain = await write();
    assert.deepEqual(
      plain.map(({ head, vectors: each }) => [head, each]),
      [[null, undefined]],
    );
    const heads = analysis.portions.headsOf(whole.id);
    assert.ok(heads.length > 1);
    const measured = { left: vectors(), right: vectors(), leftLargest: vectors(), rightLargest: vectors() };
    const known = { ...measured, leftParticipation: vectors(), rightParticipation: vectors() };
    analysis.accept(heads[1]!, { ...analysisWith([4]), vectors: known });
    const all = await write();
    assert.deepEqual(
      all.map(({ head }) => head),
      [null, 1],
    );
    assert.match(JSON.stringify(all[1]!.vectors), /"pValues":\[\d/u);
    await analysis.close();
  });
});
