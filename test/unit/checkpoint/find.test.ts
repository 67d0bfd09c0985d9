import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, before, test } from "node:test";
import { findCheckpoints } from "../../../server/checkpoint/find.ts";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "find-checkpoints-"));
});
after(async () => {
  await rm(root, { recursive: true });
});

let folders = 0;
/** A new folder with these files; only their names matter here, and what an index lists. */
async function folder(files: Record<string, string>): Promise<string> {
  const path = join(root, String(folders++));
  await mkdir(path);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return path;
}

const index = (...shards: string[]): string =>
  JSON.stringify({ weight_map: Object.fromEntries(shards.map((s, i) => [`t${i}`, s])) });

const unexpected = (sentence: string): void => {
  assert.fail(sentence);
};

async function found(path: string): Promise<string[]> {
  return (await findCheckpoints(path, unexpected)).map((checkpoint) =>
    relative(path, checkpoint).replaceAll("\\", "/"),
  );
}

test("a file means itself, whatever it is", async () => {
  const path = await folder({ "a.safetensors": "", "a.txt": "", "m.safetensors.index.json": "" });
  for (const name of ["a.safetensors", "a.txt", "m.safetensors.index.json"]) {
    assert.deepEqual(await findCheckpoints(join(path, name), unexpected), [join(path, name)]);
  }
});

test("a folder means every checkpoint in it, in natural order, an index for its shards", async () => {
  const path = await folder({
    "step-10.safetensors": "",
    "step-9.safetensors": "",
    "notes.txt": "",
    "big/model.safetensors.index.json": index("model-1.safetensors", "model-2.safetensors"),
    "big/model-1.safetensors": "",
    "big/model-2.safetensors": "",
    "big/extra.safetensors": "",
    "big/deep/er/x.safetensors": "",
  });
  assert.deepEqual(await found(path), [
    "big/deep/er/x.safetensors",
    "big/extra.safetensors",
    "big/model.safetensors.index.json",
    "step-9.safetensors",
    "step-10.safetensors",
  ]);
});

test("a broken index hides nothing", async () => {
  const path = await folder({ "model.safetensors.index.json": "{", "model-1.safetensors": "" });
  assert.deepEqual(await found(path), ["model-1.safetensors", "model.safetensors.index.json"]);
});

test("node_modules and .git are left out", async () => {
  const path = await folder({ "node_modules/a/x.safetensors": "", ".git/x.safetensors": "", "y.safetensors": "" });
  assert.deepEqual(await found(path), ["y.safetensors"]);
});

test("symbolic links are followed, but not in circles", { skip: process.platform === "win32" }, async () => {
  const elsewhere = await folder({ blob: "", "linked/z.safetensors": "" });
  const path = await folder({ "sub/a.safetensors": "" });
  await symlink(path, join(path, "sub/loop"));
  await symlink(join(elsewhere, "blob"), join(path, "b.safetensors"));
  await symlink(join(elsewhere, "linked"), join(path, "folder"));
  await symlink(join(elsewhere, "nothing"), join(path, "c.safetensors"));
  assert.deepEqual(await found(path), ["b.safetensors", "c.safetensors", "folder/z.safetensors", "sub/a.safetensors"]);
});

test("nothing there is one plain sentence", async () => {
  const empty = await folder({ "notes.txt": "" });
  await assert.rejects(findCheckpoints(empty, unexpected), {
    message: `There is no .safetensors file in the folder "${empty}".`,
  });
  await assert.rejects(findCheckpoints(join(empty, "none"), unexpected), {
    message: `"${join(empty, "none")}" cannot be opened: There is no such file.`,
  });
});
