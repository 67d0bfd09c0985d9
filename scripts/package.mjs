// @ts-check
/**
 * Makes the VSIX of one platform: the extension with its server, Dawn for that platform and a Node to run it on.
 *
 *   npm run package [-- --target linux-x64]
 *
 * Exactly the files named here are copied to `dist/package/PLATFORM`, and that folder is packed.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix } from "node:path";
import { parseArgs } from "node:util";
import { findProgram, run } from "./setup/command.mjs";
import { downloadNode } from "./setup/node-runtime.mjs";
import { thirdPartyNotices } from "./setup/notices.mjs";
import { root } from "./setup/root.mjs";
import { isMain, Refusal, runMain, step } from "./setup/step.mjs";

/** The Node that a VSIX carries. */
const runtimeMajor = 22;

/** VS Code's names of the platforms that Dawn and npm's Node exist for, and Dawn's folder of each. */
const dawnFolders = /** @type {Record<string, string>} */ ({
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-x64": "darwin-universal",
  "darwin-arm64": "darwin-universal",
  "win32-x64": "win32-x64",
});

/**
 * @param {string} [target] the running platform unless told otherwise
 * @returns {Promise<{ vsix: string, stage: string }>} the file, and the folder with what is in it
 */
export async function createPackage(target = `${process.platform}-${process.arch}`) {
  const dawn = dawnFolders[target];
  if (dawn === undefined) {
    throw new Refusal(`There is no package for ${target}: choose ${Object.keys(dawnFolders).join(", ")}.`, 2);
  }
  const node = await downloadNode(runtimeMajor, target);
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const stage = join(root, "dist/package", target);
  const vsix = join(root, "dist", `${manifest.name}-${target}-${manifest.version}.vsix`);

  await step(`Collecting the package for ${target}`, async () => {
    rmSync(stage, { recursive: true, force: true });
    const { build } = await import("./build.mjs");
    const { inputs } = await build({ production: true, out: join(stage, "dist") });
    /** @param {string} source @param {string} to */
    const copy = (source, to) => {
      const path = join(root, source);
      if (!existsSync(path)) throw new Refusal(`The package needs ${source}, which does not exist.`);
      mkdirSync(dirname(join(stage, to)), { recursive: true });
      cpSync(path, join(stage, to), { recursive: true });
    };
    // What is shown in the editor, and what that leads to.
    const documents = withLinked(["README.md", "CHANGELOG.md", "docs/metrics.md", "docs/problems.md"]);
    const translations = readdirSync(root).filter((name) => /^package\.nls\..*json$/.test(name));
    for (const file of ["LICENSE", ...documents, ...translations, ...filesOfManifest(manifest)]) copy(file, file);
    // vsce writes this name in lower case.
    const readme = readFileSync(join(root, "README.md"), "utf8");
    writeFileSync(join(stage, "README.md"), readme.replaceAll("](CHANGELOG.md)", "](changelog.md)"));
    for (const file of ["package.json", "index.js", "LICENSE.md", `dist/${dawn}`]) {
      copy(`node_modules/webgpu/${file}`, `dist/server/node_modules/webgpu/${file}`);
    }
    const runtime = join(stage, "dist/runtime/bin", target.startsWith("win32") ? "node.exe" : "node");
    mkdirSync(dirname(runtime), { recursive: true });
    cpSync(node.executable, runtime);
    cpSync(node.license, join(stage, "dist/runtime/LICENSE"));
    await strip(runtime, target);
    chmodSync(runtime, 0o755);
    const { scripts: _scripts, devDependencies: _devDependencies, dependencies: _dependencies, ...shipped } = manifest;
    writeFileSync(join(stage, "package.json"), JSON.stringify(shipped, undefined, 2));
    writeFileSync(join(stage, "ThirdPartyNotices.txt"), thirdPartyNotices(inputs));
    // Only what belongs in it was copied; vsce asks for the file.
    writeFileSync(join(stage, ".vscodeignore"), "");
  });

  await step(
    `Packing ${vsix.slice(root.length + 1)}`,
    async () => {
      const { createVSIX } = await import("@vscode/vsce");
      await createVSIX({
        cwd: stage,
        packagePath: vsix,
        target,
        dependencies: false,
        allowMissingRepository: true,
        rewriteRelativeLinks: false,
      });
    },
    () => `${(statSync(vsix).size / 2 ** 20).toFixed(1)} MiB`,
  );
  return { vsix, stage };
}

/**
 * Documents and the files that their relative links lead to, and those of these.
 * @param {readonly string[]} documents
 */
function withLinked(documents) {
  const found = new Set(documents);
  for (const document of found) {
    if (!document.endsWith(".md")) continue;
    for (const link of relativeLinks(readFileSync(join(root, document), "utf8"))) {
      found.add(posix.join(posix.dirname(document), link));
    }
  }
  return found;
}

/**
 * The files that links and pictures of a Markdown text lead to, without their anchors.
 * @param {string} markdown
 */
function relativeLinks(markdown) {
  const targets = [...markdown.matchAll(/\]\((?<target>[^)\s]+)/g)].map(({ groups }) => groups?.["target"] ?? "");
  return targets.filter((target) => !/^([a-z][a-z+.-]*:|#)/i.test(target)).map((target) => target.replace(/#.*$/, ""));
}

/**
 * The files that a manifest refers to beside the bundles.
 * @param {unknown} manifest
 * @returns {string[]}
 */
function filesOfManifest(manifest) {
  const found = new Set(/** @type {string[]} */ ([]));
  /** @param {unknown} value */
  const visit = (value) => {
    if (typeof value === "string") {
      const path = value.replace(/^\.\//, "");
      if (/^(media|client|l10n|docs)(\/|$)/.test(path)) found.add(path);
    } else if (typeof value === "object" && value !== null) {
      Object.values(value).forEach(visit);
    }
  };
  visit(manifest);
  return [...found];
}

/**
 * Removes the symbols that only a debugger reads, where the tool is at hand and knows the format.
 * @param {string} executable
 * @param {string} target
 */
async function strip(executable, target) {
  const tool = findProgram("strip");
  if (tool === undefined || target !== `${process.platform}-${process.arch}` || process.platform !== "linux") return;
  await run(tool, [executable]);
}

if (isMain(import.meta)) {
  await runMain(async () => {
    const { values } = parseArgs({ options: { target: { type: "string" } } });
    await createPackage(values.target);
  });
}
