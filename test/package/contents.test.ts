/** What is in this platform's VSIX: everything that it needs and nothing else. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import test from "node:test";
import { zipEntries, type ZipEntry } from "../support/zip.ts";

const platform = `${process.platform}-${process.arch}`;
const dawn = process.platform === "darwin" ? "darwin-universal" : platform;
const node = process.platform === "win32" ? "node.exe" : "node";
const stage = join("dist/package", platform);

const files = new Map<string, ZipEntry>();
for (const name of readdirSync("dist")) {
  if (!name.endsWith(".vsix") || !name.includes(`-${platform}-`)) continue;
  for (const entry of zipEntries(join("dist", name))) files.set(entry.name, entry);
}

test("the package holds what runs, and the documents", () => {
  for (const name of [
    "extension.vsixmanifest",
    "extension/package.json",
    "extension/package.nls.json",
    "extension/readme.md",
    "extension/changelog.md",
    "extension/LICENSE.txt",
    "extension/ThirdPartyNotices.txt",
    "extension/docs/metrics.md",
    "extension/docs/problems.md",
    "extension/dist/client/extension.cjs",
    "extension/dist/media/editor.css",
    "extension/dist/media/editor.js",
    "extension/dist/runtime/LICENSE",
    `extension/dist/runtime/bin/${node}`,
    "extension/dist/server/cli.mjs",
    "extension/dist/server/main.mjs",
    "extension/dist/server/worker.mjs",
    "extension/dist/server/node_modules/webgpu/index.js",
    "extension/dist/server/node_modules/webgpu/package.json",
    `extension/dist/server/node_modules/webgpu/dist/${dawn}/dawn.node`,
  ]) {
    assert.ok((files.get(name)?.size ?? 0) > 0, `${name} is missing or empty`);
  }
});

test("the package holds every file and folder that its manifest names", () => {
  const manifest = readFileSync(join(stage, "package.json"), "utf8");
  const names = [...files.keys()];
  for (const [, path = ""] of manifest.matchAll(/"\.\/([^"]+)"/g)) {
    assert.ok(
      names.some((name) => name === `extension/${path}` || name.startsWith(`extension/${path}/`)),
      path,
    );
  }
});

test("every relative link of the documents leads to a file of the package, and to a heading of it", () => {
  const documents = [...files.keys()].filter((name) => name.endsWith(".md") && !name.includes("/node_modules/"));
  assert.ok(documents.length > 4, documents.join());
  // vsce writes these two in lower case.
  const staged = (name: string): string =>
    join(
      stage,
      name.slice("extension/".length).replace(/^(readme|changelog)\.md$/, (file) => renamed.get(file) ?? file),
    );
  const renamed = new Map([
    ["readme.md", "README.md"],
    ["changelog.md", "CHANGELOG.md"],
  ]);
  let links = 0;
  for (const document of documents) {
    const text = readFileSync(staged(document), "utf8");
    for (const { groups } of text.matchAll(/(?:\]\(|(?:href|src)=")(?<target>[^)"\s]+)/g)) {
      const [path = "", anchor] = groups!["target"]!.split("#");
      if (/^[a-z][a-z+.-]*:/i.test(path)) continue;
      links++;
      const target = path === "" ? document : posix.join(posix.dirname(document), path);
      assert.ok(files.has(target), `${document} leads to ${path}, which is not in the package`);
      if (anchor === undefined) continue;
      const there = readFileSync(staged(target), "utf8");
      const headings = [...there.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading!));
      assert.ok(there.includes(`<a id="${anchor}">`) || headings.includes(anchor), `${document} leads to #${anchor}`);
    }
  }
  assert.ok(links > 50, `${links} links`);
});

/** The anchor of a heading, as GitHub and VS Code have it. */
function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

test("the package holds nothing superfluous", () => {
  const allowed = [
    /^(\[Content_Types\]\.xml|extension\.vsixmanifest)$/,
    /^extension\/(package(\.nls(\.[\w-]+)?)?\.json|readme\.md|changelog\.md|LICENSE\.txt|ThirdPartyNotices\.txt)$/,
    /^extension\/(l10n|media|docs)\/[\w/.-]+\.(json|md|png|svg)$/,
    /^extension\/client\/[\w/.-]+\.json$/,
    /^extension\/dist\/client\/extension\.cjs$/,
    /^extension\/dist\/media\/editor\.(css|js)$/,
    /^extension\/dist\/runtime\/(LICENSE|bin\/node(\.exe)?)$/,
    /^extension\/dist\/server\/(main|worker|cli)\.mjs$/,
    /^extension\/dist\/server\/node_modules\/webgpu\/(package\.json|index\.js|LICENSE\.md)$/,
    new RegExp(`^extension/dist/server/node_modules/webgpu/dist/${dawn}/`),
  ];
  const superfluous = [...files.keys()].filter((name) => !allowed.some((pattern) => pattern.test(name)));
  assert.deepEqual(superfluous, []);
});

test("its Node can be executed and is one that the server runs on", () => {
  const mode = files.get(`extension/dist/runtime/bin/${node}`)?.mode ?? 0;
  if (process.platform !== "win32") assert.equal(mode & 0o111, 0o111);
  const version = execFileSync(join(stage, "dist/runtime/bin", node), ["--version"], { encoding: "utf8" });
  assert.ok(Number(/^v(\d+)/.exec(version)?.[1]) >= 20, version);
});

test("its command line runs with nothing but the package", () => {
  const executable = join(stage, "dist/runtime/bin", node);
  const output = execFileSync(executable, [join(stage, "dist/server/cli.mjs"), "--help"], { encoding: "utf8" });
  assert.match(output, /safetensors-spectrum/);
});
