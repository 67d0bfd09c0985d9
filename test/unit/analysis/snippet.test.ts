/** The Python program that reads a matrix as the engine does: it is run where there is a Python with NumPy. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { snippetOf } from "../../../server/analysis/snippet.ts";
import { quoted } from "../../../server/text/python.ts";
import { active, hostileNames } from "../../support/hostile.ts";
import { measure } from "../../support/measure.ts";
import { gaussianMatrix } from "../../support/random.ts";
import { encode, safetensors, type TensorData } from "../../support/safetensors.ts";

const python = spawnSync("python3", ["-c", "import numpy"]).status === 0;
const skip = python ? false : "no python3 with numpy is installed";

const side = 64;
const qkv = gaussianMatrix(side, 3 * side, 1, 0.02);
const stack = gaussianMatrix(4 * 24, 40, 2);
const names = Object.values(hostileNames).filter((name) => name.length < 1000 && name !== "");

function matrix(rows: number, columns: number, entries: Float64Array, dtype: TensorData["dtype"]): TensorData {
  return { dtype, shape: [rows, columns], data: encode(entries, dtype) };
}

describe("the Python program of a figure", () => {
  let folder = "";
  let analysis: CheckpointAnalysis;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "snippet-"));
    const path = join(folder, `it's "a" model.safetensors`);
    const plain = gaussianMatrix(48, 32, 3);
    await writeFile(
      path,
      safetensors({
        // GPT-2's Conv1D holds its weights transposed: queries, keys and values are columns.
        "h.0.attn.c_attn.weight": matrix(side, 3 * side, qkv, "BF16"),
        "h.0.mlp.experts.up_proj": { dtype: "F32", shape: [4, 24, 40], data: encode(stack, "F32") },
        "h.0.mlp.c_fc.weight": matrix(48, 32, plain, "F16"),
        // Eight bits with a scale beside them.
        "h.0.mlp.c_proj.weight": { dtype: "F8_E4M3", shape: [64, 32], data: new Uint8Array(64 * 32).fill(0x38) },
        "h.0.mlp.c_proj.weight_scale": matrix(1, 1, Float64Array.of(2), "F32"),
        ...Object.fromEntries(names.map((name) => [name, matrix(48, 32, plain, "F32")])),
      }),
    );
    await writeFile(join(folder, "config.json"), JSON.stringify({ model_type: "gpt2", n_head: 4, n_embd: side }));
    analysis = await CheckpointAnalysis.open(path);
    // What is drawn is not looked at here: a module that takes every call.
    await mkdir(join(folder, "modules", "matplotlib"), { recursive: true });
    await writeFile(join(folder, "modules", "matplotlib", "__init__.py"), "");
    await writeFile(
      join(folder, "modules", "matplotlib", "pyplot.py"),
      [
        "class Anything:",
        "    def __getattr__(self, name): return self",
        "    def __call__(self, *args, **named): return self",
        "    def __iter__(self): return iter((self, self, self))",
        "    def __getitem__(self, index): return 1.0",
        "def subplots(rows, columns, **named): return Anything(), tuple(Anything() for _ in range(columns))",
        "def __getattr__(name): return Anything()",
      ].join("\n"),
    );
  });
  after(async () => {
    await analysis.close();
    await rm(folder, { recursive: true });
  });

  /** What a program's variables hold at its end, and what it printed. */
  function run(program: string, asked: string): { readonly value: unknown; readonly printed: string } {
    const { status, stdout, stderr } = spawnSync("python3", ["-I", "-c", withModules(program, asked)], {
      encoding: "utf8",
      cwd: folder,
    });
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split("\n");
    return { value: JSON.parse(lines.at(-1)!), printed: lines.slice(0, -1).join("\n") };
  }

  const withModules = (program: string, asked: string): string =>
    `import sys\nsys.path.insert(0, ${quoted(join(folder, "modules"))})\n${program}\nprint(json.dumps(${asked}))\n`;

  function expected(entries: Float64Array, rows: number, columns: number): number[] {
    return [...measure(entries, rows, columns).singularValues];
  }

  function close(found: unknown, right: readonly number[], tolerance: number): void {
    assert.ok(Array.isArray(found) && found.length === right.length);
    const values = found as number[];
    const worst = Math.max(...values.map((value, index) => Math.abs(value - right[index]!)));
    assert.ok(worst <= tolerance * right[0]!, `${worst}`);
  }

  it("has the singular values of a matrix, a slice, a part and a head of it", { skip }, () => {
    const of = (id: string): unknown => run(snippetOf(analysis, [id]), "[float(v) for v in s]").value;
    const columnsOf = (first: number, count: number): Float64Array =>
      Float64Array.from(
        { length: side * count },
        (_, k) => qkv[Math.floor(k / count) * 3 * side + first + (k % count)]!,
      );
    // bf16 has eight bits: a rounding of 2⁻⁹ of each entry moves the values by about as much.
    close(of("h.0.attn.c_attn.weight"), expected(qkv, side, 3 * side), 4e-3);
    close(of("h.0.attn.c_attn.weight#key"), expected(columnsOf(side, side), side, side), 4e-3);
    close(of("h.0.attn.c_attn.weight#key-head2"), expected(columnsOf(side + 32, 16), side, 16), 4e-3);
    close(of("h.0.mlp.experts.up_proj[2]"), expected(stack.slice(2 * 960, 3 * 960), 24, 40), 1e-6);
  });

  it("reproduces the numbers that the editor shows beside the figure", { skip }, () => {
    const { printed, value } = run(
      snippetOf(analysis, ["h.0.mlp.c_fc.weight"]),
      "[float(unit / np.sqrt(n)), float(upper)]",
    );
    const { singularValues } = measure(gaussianMatrix(48, 32, 3), 48, 32);
    assert.match(printed, /^32 singular values from /);
    assert.match(printed, /effective rank \d/);
    const middle = (singularValues[15]! + singularValues[16]!) / 2;
    // μ of 32 × 48 is .776.
    const [sigma] = value as number[];
    assert.ok(Math.abs(sigma! / (middle / Math.sqrt(48 * 0.7757)) - 1) < 0.02, `${sigma}`);
  });

  it("takes every name for text, in one program with many matrices", { skip }, () => {
    const { value } = run(snippetOf(analysis, names), "[list(spectra), [len(s) for s in spectra.values()]]");
    assert.deepEqual(value, [names, names.map(() => 32)]);
  });

  it("is plain text whatever a file is called", () => {
    for (const text of Object.values(hostileNames)) {
      const literal = quoted(text);
      assert.doesNotMatch(literal, active);
      assert.match(literal, /^"(?:[^"\\\n]|\\["\\]|\\u[\da-f]{4}|\\U[\da-f]{8})*"$/u);
    }
    assert.equal(quoted('a"\\\n\u{1F469}é'), '"a\\"\\\\\\u000a\\U0001f469é"');
  });

  it("is refused where nothing could be read", () => {
    assert.throws(() => snippetOf(analysis, ["not there"]), /^Error: A short program cannot read these numbers\.$/);
    // What its file holds is not what it means.
    const packed = ["h.0.mlp.c_proj.weight"];
    assert.equal(analysis.select(packed).length, 1);
    assert.throws(() => snippetOf(analysis, packed), /^Error: A short program cannot read/);
  });
});
