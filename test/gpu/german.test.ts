/** The server speaks the language that its client hands it. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { CodeLens } from "vscode-languageserver";
import { openCheckpoint, outlineText, type OpenResult } from "../../server/protocol.ts";
import type { Texts } from "../../server/text/l10n.ts";
import { TestClient } from "../support/language-client.ts";
import { copySample, reinitialise } from "../support/sample.ts";

describe("language server in German", () => {
  const client = new TestClient();
  let folder = "";
  let index = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "german-"));
    index = await copySample();
    await reinitialise(index, "model.layers.1");
    const texts = JSON.parse(await readFile("l10n/bundle.l10n.de.json", "utf8")) as Texts;
    await client.initialize(join(folder, "cache"), { language: "de", texts });
  });
  after(async () => {
    await client.close();
    await rm(dirname(index), { recursive: true });
    await rm(folder, { recursive: true });
  });

  it("says findings, hovers and lenses", async () => {
    const uri = pathToFileURL(index).href;
    const { checkpoint }: OpenResult = await client.connection.sendRequest(openCheckpoint, { uri });
    await client.until("every matrix", () => client.results.at(-1)?.state.phase === "done", 300);
    const outline: string = await client.connection.sendRequest(outlineText, { checkpoint });
    assert.match(outline, /^# llama · 30 Tensoren · 7,87 M Parameter · 15,7 MB\n/u);
    const outlineUri = `safetensors-outline:${new URL(checkpoint).pathname}.outline`;
    await client.openText(outlineUri, "safetensors-outline", outline);
    const messages = (await client.pullDiagnostics(outlineUri)).map(({ message }) =>
      typeof message === "string" ? message : message.value,
    );
    assert.ok(messages.length > 0);
    for (const message of messages)
      assert.match(message, /sieht zufällig initialisiert aus: .*; vereinbar mit N\(0; 0,02²\)/u);

    const line = outline.split("\n").findIndex((text) => text.startsWith("  self_attn.q_proj.weight"));
    const { value } = (await client.hover(outlineUri, line, 5))!.contents as { value: string };
    assert.match(
      value,
      /\*\*gelernt\*\* \(p unter 1e-300\): \d+ Singulärwerte über der Rauschkante; 90 % der Energie in/u,
    );
    assert.match(value, /\| effektiver Rang \| [\d,]+ \| [\d,]+ \|/u);
    const textDocument = { uri: outlineUri };
    const [lens]: CodeLens[] = await client.connection.sendRequest("textDocument/codeLens", { textDocument });
    const { command }: CodeLens = await client.connection.sendRequest("codeLens/resolve", lens);
    assert.match(command!.title, /^16 gelernt, 7 zufällig · Rang 90 %: \d+ % der Richtungen, Rauschen \d+ %$/u);
  });
});
