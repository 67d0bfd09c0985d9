/** The reports of a checkpoint whose names are as hostile as names can be, in every format. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { findingDescriptions } from "../../../server/analysis/finding-descriptions.ts";
import { findingSeverities, gradeSeverities } from "../../../server/analysis/findings.ts";
import { defaultPreferences } from "../../../server/analysis/policy.ts";
import { csvReport } from "../../../server/command-line/report-csv.ts";
import { escapeHtml } from "../../../server/command-line/html/markup.ts";
import { htmlReport } from "../../../server/command-line/report-html.ts";
import { jsonReport } from "../../../server/command-line/report-json.ts";
import { sarifReport } from "../../../server/command-line/report-sarif.ts";
import { textReport } from "../../../server/command-line/report-text.ts";
import type { Report, Reporter } from "../../../server/command-line/report.ts";
import { metricKeys, type Metrics } from "../../../server/spectrum/metrics.ts";
import { printable } from "../../../server/text/format.ts";
import { analysisWith } from "../../support/analysis.ts";
import { parseCsv } from "../../support/csv.ts";
import { active, hostileNames } from "../../support/hostile.ts";
import { withHeader } from "../../support/safetensors.ts";
import { parseSarif, shownMessage } from "../../support/sarif.ts";

const names = Object.values(hostileNames);
const folderName = "models, =1 [x](y) {0}";

describe("reports of hostile names", () => {
  let folder = "";
  let report: Report;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reports-"));
    const path = join(folder, "m.safetensors");
    const header = JSON.stringify(
      Object.fromEntries(
        names.map((name, i) => [name, { dtype: "F32", shape: [8, 8], data_offsets: [i * 256, (i + 1) * 256] }]),
      ),
    );
    // JSON.stringify leaves __proto__ out of an object that was made with it as a key of fromEntries: it does not.
    assert.ok(header.includes("__proto__"));
    await writeFile(path, withHeader(header, new Uint8Array(names.length * 256)));
    const analysis = await CheckpointAnalysis.open(path);
    await analysis.attachStores(join(folder, "cache"));
    for (const matrix of analysis.matrices) analysis.accept(matrix, zeros);
    const problems = analysis.findings(defaultPreferences);
    report = {
      engine: { version: "1.2.3", adapter: hostileNames.terminal, backend: "vulkan", software: false },
      checkpoints: [{ analysis, ids: analysis.matrices.map(({ id }) => id), vectors: false, products: [], problems }],
      draw: null,
      failures: [`${hostileNames.terminal} ${folderName} cannot be read.`],
      folder,
    };
  });
  after(async () => {
    await report.checkpoints[0]!.analysis.close();
    await rm(folder, { recursive: true });
  });

  const write = async (reporter: Reporter): Promise<string> => {
    let text = "";
    for await (const piece of reporter(report)) text += piece;
    return text;
  };

  it("are a finding for every name", () => {
    const { problems, analysis } = report.checkpoints[0]!;
    assert.equal(analysis.matrices.length, names.length);
    assert.deepEqual(new Set(problems.map(({ tensor }) => tensor)), new Set(names));
  });

  it("stand in the text as one line each, without anything a terminal obeys", async () => {
    const text = await write(textReport);
    const lines = text.split("\n");
    for (const line of lines) {
      assert.doesNotMatch(line, active);
      assert.ok(line.length < 2000, `${line.length}`);
    }
    const rows = lines.filter((line) => /^.* 8 × 8 /.test(line));
    assert.equal(rows.length, names.length);
  });

  it("come back from the JSON as they were, though the text holds nothing that is obeyed", async () => {
    const text = await write(jsonReport);
    assert.doesNotMatch(text.replaceAll("\n", ""), active);
    const { checkpoints, engine } = JSON.parse(text) as {
      engine: { adapter: string };
      checkpoints: { matrices: { name: string }[]; problems: { tensor: string }[] }[];
    };
    assert.equal(engine.adapter, hostileNames.terminal);
    assert.deepEqual(
      checkpoints[0]!.matrices.map(({ name }) => name),
      report.checkpoints[0]!.ids,
    );
    assert.deepEqual(new Set(checkpoints[0]!.problems.map(({ tensor }) => tensor)), new Set(names));
  });

  it("are in the CSV one record each, and no field is a formula", async () => {
    const [head, ...records] = parseCsv(await write(csvReport));
    assert.deepEqual(head!.slice(0, 3), ["checkpoint", "name", "role"]);
    assert.equal(head!.length, 13 + 2 * metricKeys.length);
    assert.equal(records.length, names.length);
    for (const [i, record] of records.entries()) {
      const name = printable(report.checkpoints[0]!.ids[i]!);
      assert.equal(record[1], /^[=+\-@＝]/u.test(name) ? `'${name}` : name);
      for (const [column, field] of record.entries()) {
        assert.doesNotMatch(field, active);
        // A number may begin with its sign.
        if (Number.isNaN(Number(field))) assert.doesNotMatch(field, /^[=+\-@＝＋－＠\t\r\n]/u, head![column]);
      }
      assert.equal(record[head!.indexOf("grade")], "zero");
      assert.equal(record[head!.indexOf("problems")], "zero");
    }
  });

  it("have the metrics of the drawn matrix in the CSV beside their own, and nothing where none was drawn", async () => {
    const drawnMetrics = Object.fromEntries(metricKeys.map((key, k) => [key, k + 0.5])) as Metrics;
    const [first] = report.checkpoints[0]!.ids;
    const asked: string[] = [];
    const draw: Report["draw"] = async (analysis, { id }) => {
      assert.equal(analysis, report.checkpoints[0]!.analysis);
      asked.push(id);
      const initialiser = { distribution: "normal", sigma: 1, words: "N(0, 1²)", basis: "bulk" } as const;
      const drawn = { initialiser, seed: 1, dtype: "F32", singularValues: [], metrics: drawnMetrics } as const;
      return Promise.resolve(id === first ? drawn : null);
    };
    let text = "";
    for await (const piece of csvReport({ ...report, draw })) text += piece;
    const [head, ...records] = parseCsv(text);
    assert.deepEqual(asked, report.checkpoints[0]!.ids);
    assert.deepEqual(
      head!.slice(13 + 2 * metricKeys.length),
      metricKeys.map((key) => `drawn.${key}`),
    );
    for (const [i, record] of records.entries()) {
      assert.equal(record.length, head!.length);
      for (const [k, key] of metricKeys.entries()) {
        assert.equal(record[head!.indexOf(`drawn.${key}`)], i === 0 ? String(k + 0.5) : "");
      }
    }
  });

  it("are shown by SARIF viewers as text, and bounded", async () => {
    const text = await write(sarifReport);
    assert.doesNotMatch(text.replaceAll("\n", ""), active);
    assert.ok(text.length < 200_000, `${text.length}`);
    const run = parseSarif(text);
    assert.equal(run.results.length, report.checkpoints[0]!.problems.length);
    for (const [i, { message, locations }] of run.results.entries()) {
      assert.equal(shownMessage(message), printable(report.checkpoints[0]!.problems[i]!.message));
      assert.doesNotMatch(locations[0]!.logicalLocations![0]!.name, active);
      assert.equal(locations[0]!.physicalLocation.artifactLocation.uri, "m.safetensors");
    }
    const prints = run.results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash);
    assert.equal(new Set(prints).size, prints.length);
    const [invocation] = run.invocations;
    assert.equal(invocation.executionSuccessful, false);
    assert.match(shownMessage(invocation.toolExecutionNotifications[0]!.message), /\[x\]\(y\) \{0\} cannot be read/);
  });

  it("are text in the page, between and within its tags", async () => {
    const page = await write(htmlReport);
    assert.doesNotMatch(page.replaceAll("\n", ""), active);
    assert.ok(page.length < 300_000, `${page.length}`);
    const elements = new Set(
      "html head meta title style body section article header footer h1 h2 h3 p span ul li dl div dt dd svg rect line text polyline circle figure figcaption input label table caption thead tbody tr th td details summary".split(
        " ",
      ),
    );
    // Whatever begins like a tag is one of the page's own, whole, and with nothing but attributes in quotes.
    const [style] = /<style>[^<]*<\/style>/u.exec(page)!;
    for (const [, rest] of page
      .replace(style, "")
      .replace("<!DOCTYPE html>", "")
      .matchAll(/<([^<]*)/gu)) {
      const tag = /^\/?(?<name>[a-z0-9]+)(?:\s+[a-zA-Z-]+(?:="[^"<>`]*")?)*\s*\/?>/u.exec(rest!);
      assert.ok(tag !== null && elements.has(tag.groups!["name"]!), rest!.slice(0, 80));
      assert.doesNotMatch(tag[0], /\s(?:on\w+|href|src|srcset|style|action)=/u);
    }
    for (const text of [hostileNames.html, hostileNames.quotes, hostileNames.bidirectional, hostileNames.terminal]) {
      assert.ok(page.includes(escapeHtml(text)), text);
    }
    assert.ok(!page.includes("<script") && !page.includes("<img"));
  });

  it("tell in SARIF where the data lie, and a path elsewhere as a URI", () => {
    const { analysis } = report.checkpoints[0]!;
    const elsewhere = { ...report, folder: join(folder, "below") };
    const { results } = parseSarif([...sarifReport(elsewhere)].join(""));
    const { physicalLocation } = results[0]!.locations[0]!;
    assert.match(physicalLocation.artifactLocation.uri, /^file:\/\/\/.*\/m\.safetensors$/);
    const tensor = analysis.checkpoint.tensors.find(({ name }) => name === report.checkpoints[0]!.problems[0]!.tensor)!;
    assert.deepEqual(physicalLocation.address, { absoluteAddress: tensor.begin, length: 256, kind: "data" });
  });
});

describe("the kinds of findings", () => {
  it("are those that docs/problems.md explains, as loud", async () => {
    const text = await readFile("docs/problems.md", "utf8");
    const sections = [...text.matchAll(/^### `([a-z-]+)`\n\n_(\w+)/gm)].map(([, code, severity]) => [
      code,
      severity!.toLowerCase(),
    ]);
    assert.deepEqual(
      [...findingDescriptions].map(([code, { severity }]) => [code, severity]),
      sections,
    );
    for (const code of [...Object.keys(gradeSeverities), ...Object.keys(findingSeverities)]) {
      assert.ok(findingDescriptions.has(code), code);
    }
  });
});

describe("SARIF", () => {
  it("of nothing is a whole log", () => {
    const engine = { version: "1.2.3", adapter: null, backend: null, software: false };
    const text = [...sarifReport({ engine, checkpoints: [], draw: null, failures: [], folder: "/" })].join("");
    const run = parseSarif(text);
    assert.deepEqual([run.results, run.artifacts, run.invocations[0].executionSuccessful], [[], [], true]);
    assert.deepEqual(
      run.tool.driver.rules.map(({ id }) => id),
      [...findingDescriptions.keys()],
    );
  });
});

/** What the engine finds in a matrix of zeros. */
const zeros = (() => {
  const analysis = analysisWith(new Array<number>(8).fill(0));
  const entries = { ...analysis.measurement.entries, count: 64, zeros: 64, minimum: 0, maximum: 0, variance: 0 };
  return {
    ...analysis,
    measurement: { ...analysis.measurement, entries: { ...entries, frobeniusNorm: 0, differsFromIdentity: 8 } },
  };
})();
