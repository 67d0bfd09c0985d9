import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { checkpointsAt } from "../../../server/command-line/paths.ts";

describe("checkpointsAt", () => {
  let root = "";
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "paths-"));
    const weights = JSON.stringify({ weight_map: { a: "diffusion_pytorch_model-00001-of-00002.fp16.safetensors" } });
    for (const [name, text] of [
      // As diffusers lays a pipeline out.
      ["pipeline/model_index.json", "{}"],
      ["pipeline/text_encoder/config.json", "{}"],
      ["pipeline/text_encoder/model.safetensors", ""],
      ["pipeline/unet/diffusion_pytorch_model.safetensors.index.fp16.json", weights],
      ["pipeline/unet/diffusion_pytorch_model-00001-of-00002.fp16.safetensors", ""],
      ["pipeline/vae/diffusion_pytorch_model.safetensors", ""],
      ["runs/step-9.safetensors", ""],
      ["runs/step-10.safetensors", ""],
      ["runs/notes.txt", ""],
      ["runs/[1].safetensors", ""],
      ["runs/.hidden/x.safetensors", ""],
      ["empty/readme.md", ""],
    ] as const) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
  });
  after(() => rm(root, { recursive: true }));

  const skipped: string[] = [];
  const at = async (argument: string): Promise<string[]> =>
    (await checkpointsAt(join(root, argument), (sentence) => skipped.push(sentence))).map((path) =>
      relative(root, path).replaceAll("\\", "/"),
    );

  const pipeline = [
    "pipeline/text_encoder/model.safetensors",
    "pipeline/unet/diffusion_pytorch_model.safetensors.index.fp16.json",
    "pipeline/vae/diffusion_pytorch_model.safetensors",
  ];
  const steps = ["runs/step-9.safetensors", "runs/step-10.safetensors"];

  const table: readonly (readonly [argument: string, found: readonly string[]])[] = [
    ["pipeline", pipeline],
    ["pipeline/*", pipeline],
    ["pipeline/*/", pipeline],
    ["pipel*", pipeline],
    [
      "pipeline/**/*.safetensors",
      [pipeline[0]!, "pipeline/unet/diffusion_pytorch_model-00001-of-00002.fp16.safetensors", pipeline[2]!],
    ],
    ["pipeline/{unet,vae}", pipeline.slice(1)],
    ["*/step-*.safetensors", steps],
    ["runs/step-{9,10}.safetensors", steps],
    ["runs/step-?.safetensors", steps.slice(0, 1)],
    // A name that is there is itself, whatever characters it has.
    ["runs/[1].safetensors", ["runs/[1].safetensors"]],
    ["runs/*", ["runs/[1].safetensors", ...steps]],
    // A file that is named is opened, whatever its name: opening it says what is wrong.
    ["runs/notes.txt", ["runs/notes.txt"]],
  ];
  for (const [argument, found] of table) {
    it(`finds what ${argument} means`, async () => {
      assert.deepEqual(await at(argument), found);
    });
  }

  for (const [argument, message] of [
    ["runs/*.bin", /^No checkpoint matches ".*\*\.bin"\.$/],
    ["**/*.gguf", /^No checkpoint matches /],
    ["nowhere/*", /^No checkpoint matches /],
    ["empty/*", /^No checkpoint matches /],
    ["empty", /^There is no \.safetensors file in the folder ".*empty"\.$/],
    ["absent.safetensors", /^".*absent\.safetensors" cannot be opened: There is no such file\.$/],
  ] as const) {
    it(`says in a sentence that ${argument} is nothing`, async () => {
      await assert.rejects(at(argument), { message });
    });
  }

  it("searches circles of links once", { skip: process.platform === "win32" }, async () => {
    await symlink(root, join(root, "runs", "loop"));
    const found = await at("runs");
    await rm(join(root, "runs", "loop"));
    assert.equal(new Set(found).size, found.length);
    assert.ok(found.includes("runs/step-9.safetensors"));
  });

  it(
    "goes on where a folder cannot be read, and says so",
    { skip: process.platform === "win32" || process.getuid?.() === 0 },
    async () => {
      const closed = join(root, "runs", "closed");
      await mkdir(closed, { mode: 0 });
      skipped.length = 0;
      const found = await at("runs");
      await chmod(closed, 0o700);
      await rm(closed, { recursive: true });
      assert.ok(found.includes("runs/step-9.safetensors"));
      assert.match(skipped.join(), /^The folder ".*closed" cannot be read: .*permission denied\.$/);
    },
  );
});
