/** Names and metadata out of hostile files, on every surface that the language server fills. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { TextDocument } from "vscode-languageserver-textdocument";
import { fileNameOf } from "../../../client/editor/file-name.ts";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { defaultPreferences } from "../../../server/analysis/policy.ts";
import { codeActions } from "../../../server/language/code-actions.ts";
import { codeLenses, resolveLens, type LensData } from "../../../server/language/code-lenses.ts";
import { diagnosticOf } from "../../../server/language/diagnostics.ts";
import { matrixHover } from "../../../server/language/hover.ts";
import { inlayHints } from "../../../server/language/inlay-hints.ts";
import { outlineUri } from "../../../server/language/places.ts";
import { Session } from "../../../server/language/session.ts";
import { outlineSymbols, workspaceSymbols } from "../../../server/language/symbols.ts";
import { outlineLanguage } from "../../../server/protocol.ts";
import { analysisWith } from "../../support/analysis.ts";
import { active, hostileNames } from "../../support/hostile.ts";
import { withHeader } from "../../support/safetensors.ts";

const names = Object.values(hostileNames);

describe("hostile names in the language server", () => {
  let folder = "";
  let session: Session;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "untrusted-"));
    const path = join(folder, "m.safetensors");
    // The same name twice, as a block's too, so that blocks and copies are named as well.
    const all = names.flatMap((name) => [name, `layers.${name}.0.weight`]);
    const entries = all.map((name, i) => {
      return [name, { dtype: "F32", shape: [4, 4], data_offsets: [i * 64, (i + 1) * 64] }] as const;
    });
    await writeFile(path, withHeader(JSON.stringify(Object.fromEntries(entries)), new Uint8Array(all.length * 64)));
    const analysis = await CheckpointAnalysis.open(path);
    for (const matrix of analysis.matrices) analysis.accept(matrix, analysisWith([4, 3, 2, 1]));
    session = await Session.open(analysis, () => undefined);
  });
  after(async () => {
    await session.close();
    await rm(folder, { recursive: true });
  });

  /** One line, nothing that is obeyed, and not too long to be read. */
  const harmless = (text: string, longest = 1200): void => {
    assert.doesNotMatch(text, active);
    assert.ok(text.length <= longest, `${text.length}: ${text.slice(0, 80)}`);
  };

  it("are text in hovers: no link, no emphasis, no HTML", async () => {
    const { analysis } = session;
    for (const tensor of analysis.catalogue.tensors) {
      const detail = await analysis.detail(tensor.name);
      assert.ok(detail !== null);
      const words = { waiting: "waiting", heads: "", checkpoint: "file:///m" };
      for (const markdown of [matrixHover(tensor, detail, words), matrixHover(tensor, null, words)]) {
        const lines = markdown.split("\n");
        for (const line of lines) harmless(line, 30_000);
        // What is between the first asterisks is the name.
        const name = /^\*\*(.*)\*\* {2}$/.exec(lines[0]!)?.[1];
        assert.ok(name !== undefined && name.length < 4000, lines[0]!.slice(0, 200));
        assert.doesNotMatch(name, /(?<!\\)(?:\\\\)*[[\]()`*_#|!:$~<>]/, name.slice(0, 200));
        // Its links run our commands, with the name as data.
        const links = lines.at(-1)!;
        assert.match(links, /^(?:\[[\w ]+\]\(command:safetensorsSpectrum\.\w+\?[\w%.~!*'-]+\)(?: · |$))*$/);
      }
    }
  });

  it("are text in Problems and in quick fixes, and travel whole in the link's data", () => {
    const findings = session.analysis.findings(defaultPreferences);
    assert.ok(findings.filter(({ code }) => code === "duplicate").length >= names.length);
    for (const finding of findings) {
      const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
      const diagnostic = diagnosticOf(finding, "file:///m", { related: [{ uri: "file:///m", range }] });
      assert.ok(typeof diagnostic.message === "string");
      harmless(diagnostic.message);
      for (const { message } of diagnostic.relatedInformation!) {
        assert.ok(typeof message === "string");
        harmless(message);
      }
      const href = diagnostic.codeDescription?.href;
      if (href !== undefined) assert.match(href, /^command:safetensorsSpectrum\.reveal\?[\w%.~!*'()-]+$/);
      for (const { title } of codeActions([diagnostic], "file:///m", () => "matrix")) harmless(title);
    }
  });

  it("are text in the outline, its lenses, hints and symbols", () => {
    const { outline } = session;
    for (const line of outline.text.split("\n")) harmless(line);
    const document = TextDocument.create(outlineUri(session.path), outlineLanguage, 0, outline.text);
    for (const lens of codeLenses(session, document)) {
      const { command } = lens.command === undefined ? resolveLens(session, lens, lens.data as LensData) : lens;
      harmless(command!.title);
      harmless(command!.tooltip ?? "");
    }
    const last = { line: outline.tensors.length, character: 0 };
    const hints = inlayHints(session, document, { start: { line: 0, character: 0 }, end: last });
    assert.equal(hints.length, 2 * names.length);
    const textOf = (text: string | { readonly value: string } | undefined): string =>
      typeof text === "string" ? text : (text?.value ?? "");
    for (const { label, tooltip } of hints) {
      for (const part of typeof label === "string" ? [{ value: label }] : label) harmless(part.value);
      harmless(textOf(tooltip));
    }
    const symbols = outlineSymbols(outline).flatMap((symbol) => [symbol, ...(symbol.children ?? [])]);
    assert.ok(symbols.length >= 2 * names.length);
    for (const { name, detail } of symbols) harmless(`${name}${detail ?? ""}`);
    for (const { name, containerName } of workspaceSymbols([session], "")) harmless(`${name}${containerName ?? ""}`);
  });

  it("are the names of no file elsewhere when charts and tables are saved", () => {
    for (const name of names) {
      const file = fileNameOf(`${name} spectrum`);
      assert.match(file, /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u);
      assert.doesNotMatch(file, /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)|[.]$/iu);
      assert.ok(file.length <= 100);
    }
  });
});
