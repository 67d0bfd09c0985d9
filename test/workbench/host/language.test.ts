/** What an editor of text asks of a language, asked as VS Code itself does. */
import assert from "node:assert/strict";
import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { test } from "./suite.ts";
import { until } from "../../support/until.ts";
import { closeEditors, openEditors, writeSharded } from "./support.ts";

const block = (layer: number): string => `model.layers.${layer}`;
const matrix = (layer: number): string => `${block(layer)}.mlp.up_proj.weight`;

/** Asks a provider by its command. */
async function ask<T>(command: string, ...values: readonly unknown[]): Promise<T> {
  return vscode.commands.executeCommand<T>(`vscode.execute${command}Provider`, ...values);
}

/** Opens an index, and the outline of its checkpoint, and waits until all is analysed. */
async function openBoth(): Promise<{ index: vscode.TextDocument; outline: vscode.TextDocument }> {
  const uri = await writeSharded(matrix(0), matrix(1));
  const index = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(index, { preview: false });
  await vscode.commands.executeCommand("safetensorsSpectrum.openOutline", uri);
  const outline = vscode.window.activeTextEditor?.document;
  assert.equal(outline?.languageId, "safetensors-outline");
  await until("the grades", async () => ((await hintsOf(outline)).length === 2 ? true : null), 120_000);
  return { index, outline };
}

async function hintsOf(document: vscode.TextDocument): Promise<vscode.InlayHint[]> {
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  return (await ask<vscode.InlayHint[] | undefined>("InlayHint", document.uri, whole)) ?? [];
}

/** Where a text stands in a document for the first time, a character into it. */
function placeOf(document: vscode.TextDocument, text: string): vscode.Position {
  const offset = document.getText().indexOf(text);
  assert.ok(offset >= 0, text);
  return document.positionAt(offset + 1);
}

/** Where a tensor's name stands: its key, or its line below its block's. */
function placeOfMatrix(document: vscode.TextDocument, layer: number): vscode.Position {
  if (document.languageId === "json") return placeOf(document, matrix(layer));
  const heading = placeOf(document, `${block(layer)}\n`);
  return new vscode.Position(heading.line + 1, 4);
}

async function hoverAt(document: vscode.TextDocument, position: vscode.Position): Promise<string> {
  const hovers = await ask<vscode.Hover[]>("Hover", document.uri, position);
  const contents = hovers.flatMap((hover) => hover.contents);
  return contents.map((content) => (content instanceof vscode.MarkdownString ? content.value : "")).join("\n");
}

const textOf = ({ label }: vscode.InlayHint): string =>
  typeof label === "string" ? label : label.map(({ value }) => value).join("");

test("index and outline have hovers with a picture, hints, lenses, symbols and folds, and lead to each other", async () => {
  const { index, outline } = await openBoth();
  for (const document of [index, outline]) {
    const hover = await hoverAt(document, placeOfMatrix(document, 1));
    assert.match(hover, /!\[histogram[^\]]*\]\(data:image\/svg\+xml;base64,/u);
    assert.match(hover, /effective rank/u);
    const hints = await until("hints", async () => {
      const found = await hintsOf(document);
      return found.length === 2 ? found : null;
    });
    for (const hint of hints) assert.match(textOf(hint), /^random/u);
    const lenses = await ask<vscode.CodeLens[]>("CodeLens", document.uri, 50);
    const titles = lenses.map(({ command }) => command?.title ?? "");
    const whole = /^2 random · rank 90 %: \d+ % of the directions, noise \d+ %$/u;
    assert.equal(titles.filter((title) => whole.test(title)).length, 1, titles.join());
    assert.ok(titles.includes("open"));
    // One for the checkpoint, and in the outline one for each block.
    assert.equal(titles.filter((title) => title === "open").length, document === outline ? 3 : 1);
  }

  // From a key to its line, and back.
  for (const [from, to] of [
    [index, outline],
    [outline, index],
  ] as const) {
    const [found] = await ask<vscode.Location[]>("Definition", from.uri, placeOfMatrix(from, 1));
    assert.equal(found?.uri.toString(), to.uri.toString());
    assert.ok(found.range.contains(placeOfMatrix(to, 1)));
  }

  const symbols = await ask<vscode.DocumentSymbol[]>("DocumentSymbol", outline.uri);
  assert.deepEqual(
    symbols.map(({ name, children }) => [name, ...children.map((child) => child.name)]),
    [0, 1].map((layer) => [block(layer), "mlp.up_proj.weight"]),
  );
  const found = await ask<vscode.SymbolInformation[]>("WorkspaceSymbol", "layers1up");
  const ours = found.filter(({ location }) => location.uri.toString() === outline.uri.toString());
  assert.deepEqual(
    ours.map(({ name }) => name),
    [matrix(1)],
  );
  const folds = await ask<vscode.FoldingRange[]>("FoldingRange", outline.uri);
  assert.deepEqual(
    folds.map(({ start, end }) => [start, end]),
    symbols.map(({ selectionRange }) => [selectionRange.start.line, selectionRange.start.line + 1]),
  );
  await closeEditors();
});

test("quick fixes open, analyse and silence: here, in every layer, and everywhere", async () => {
  const { index } = await openBoth();
  await vscode.window.showTextDocument(index, { preview: false });
  const silenced = vscode.workspace.getConfiguration("safetensorsSpectrum");
  const settings = join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, ".vscode");
  const hadSettings = await access(settings).then(
    () => true,
    () => false,
  );
  const findings = (): string[] =>
    vscode.languages.getDiagnostics(index.uri).map(({ range }) => index.getText(range).replaceAll('"', ""));
  const shows = (...tensors: readonly string[]): Promise<unknown> =>
    until(`findings on ${tensors.length} tensors`, () => (findings().join() === tensors.join() ? true : null));
  const fixes = async (layer: number): Promise<vscode.CodeAction[]> => {
    const position = placeOfMatrix(index, layer);
    return ask<vscode.CodeAction[]>("CodeAction", index.uri, new vscode.Range(position, position), "quickfix");
  };
  const run = async (layer: number, title: string): Promise<void> => {
    const all = await fixes(layer);
    const fix = all.find((each) => each.title === title);
    assert.ok(fix?.command, `${title} is not among ${all.map((each) => each.title).join(", ")}`);
    await vscode.commands.executeCommand(fix.command.command, ...((fix.command.arguments ?? []) as unknown[]));
  };
  try {
    await shows(matrix(0), matrix(1));
    assert.deepEqual(
      (await fixes(0)).map(({ title }) => title),
      [
        "Open in the spectrum editor",
        "Analyse its singular vectors",
        "Analyse this tensor again",
        "Silence “random” on this tensor in the settings",
        "Silence “random” on model.layers.*.mlp.up_proj.weight in the settings",
        "Turn findings “random” off in the settings",
      ],
    );
    await run(1, "Analyse its singular vectors");
    await until(
      "the vectors in the hover",
      async () => ((await hoverAt(index, placeOfMatrix(index, 1))).includes("left singular vectors") ? true : null),
      60_000,
    );
    await run(0, "Silence “random” on this tensor in the settings");
    await shows(matrix(1));
    await run(1, "Silence “random” on model.layers.*.mlp.up_proj.weight in the settings");
    await shows();
    await silenced.update("silence", undefined, vscode.ConfigurationTarget.Workspace);
    await shows(matrix(0), matrix(1));
    await run(1, "Turn findings “random” off in the settings");
    await shows();
    await silenced.update("severity", undefined, vscode.ConfigurationTarget.Workspace);
    await shows(matrix(0), matrix(1));
    await run(1, "Open in the spectrum editor");
    await until("an editor", () => (openEditors().length === 1 ? true : null));
  } finally {
    await silenced.update("silence", undefined, vscode.ConfigurationTarget.Workspace);
    await silenced.update("severity", undefined, vscode.ConfigurationTarget.Workspace);
    if (!hadSettings) await rm(settings, { recursive: true, force: true });
    await closeEditors();
  }
});

test("settings take effect at once: what is analysed on opening, how loud findings are, what names mean", async () => {
  const configuration = vscode.workspace.getConfiguration("safetensorsSpectrum");
  const set = (name: string, value: unknown): Thenable<void> =>
    configuration.update(name, value, vscode.ConfigurationTarget.Global);
  try {
    await set("analyseOnOpen", "never");
    const uri = await writeSharded("a.weight", "b.weight");
    await vscode.commands.executeCommand("safetensorsSpectrum.openOutline", uri);
    const outline = vscode.window.activeTextEditor?.document;
    assert.ok(outline);
    const titles = async (): Promise<string[]> =>
      (await ask<vscode.CodeLens[]>("CodeLens", outline.uri, 50)).map(({ command }) => command?.title ?? "");
    await until("the question", async () =>
      (await titles()).some((title) => title.startsWith("analyse")) ? true : null,
    );
    assert.deepEqual(await hintsOf(outline), []);
    await set("analyseOnOpen", "always");
    await until("the grades", async () => ((await hintsOf(outline)).length === 2 ? true : null), 120_000);

    const severities = (): vscode.DiagnosticSeverity[] =>
      vscode.languages.getDiagnostics(outline.uri).map(({ severity }) => severity);
    const { Warning, Error: Loud } = vscode.DiagnosticSeverity;
    await until("warnings", () => (severities().join() === [Warning, Warning].join() ? true : null));
    await set("severity", { random: "error" });
    await until("errors", () => (severities().join() === [Loud, Loud].join() ? true : null));

    assert.doesNotMatch(outline.getText(), /query/u);
    await set("roles", { "a.*": "query" });
    await until("the role", () => (/a\.weight +query/u.test(outline.getText()) ? true : null));
  } finally {
    for (const name of ["analyseOnOpen", "severity", "roles"]) await set(name, undefined);
    await closeEditors();
  }
});
