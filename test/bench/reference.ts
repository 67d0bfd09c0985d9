/**
 * Compares what is accepted as a header with the reference implementation, on damaged headers of the samples.
 *
 *   npm run bench:reference [-- CASES [SEED]]     with a Python that has safetensors: PYTHON=…, else python3
 */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { headerLength, parseHeader } from "../../server/checkpoint/header.ts";
import { seededRandom } from "../../server/statistics/random.ts";
import { mutate, smallHeaders, type HeaderCase } from "../support/mutate.ts";

const [count = 20_000, seed = 7] = process.argv.slice(2).map(Number);
const originals = await smallHeaders([
  "samples/lora-adapter/adapter_model.safetensors",
  ...[1, 2, 3].map((i) => `samples/tiny-llama/model-0000${i}-of-00003.safetensors`),
]);
const random = seededRandom(seed);
const cases = Array.from({ length: count }, () => mutate(originals, random)).filter(
  // The reference wants the whole file in memory.
  ({ dataBytes }) => dataBytes <= 8_000_000,
);

const python = spawn(process.env["PYTHON"] ?? "python3", ["test/bench/reference.py"], {
  stdio: ["pipe", "pipe", "inherit"],
});
const ended = new Promise<number | string>((resolve) => {
  python.on("error", ({ message }) => {
    resolve(`Python cannot be started: ${message}`);
  });
  python.on("close", (code, signal) => {
    resolve(code ?? signal ?? "");
  });
});
// A Python that ends early is told of below.
python.stdin.on("error", () => undefined);
const answer = text(python.stdout);
for (const { json, length, dataBytes } of cases) {
  const line = JSON.stringify([Buffer.from(json, "latin1").toString("base64"), String(length), dataBytes]);
  if (python.stdin.destroyed) break;
  if (!python.stdin.write(`${line}\n`)) {
    await Promise.race([ended, new Promise((resume) => python.stdin.once("drain", resume))]);
  }
}
python.stdin.end();
const end = await ended;
if (end !== 0) {
  // A Python without the package says so itself.
  if (end !== 1) console.error(typeof end === "string" ? end : `Python ended with status ${end}`);
  process.exit(1);
}
const [version = "", ...judgements] = (await answer).trimEnd().split("\n");
if (judgements.length !== cases.length)
  throw new Error(`the reference judged ${judgements.length} of ${cases.length} cases`);

let different = 0;
for (const [i, damaged] of cases.entries()) {
  const ours = refusal(damaged);
  const theirs = judgements[i] === "accepted" ? null : judgements[i]!;
  if ((ours === null) === (theirs === null)) continue;
  different++;
  console.log(`${damaged.json.slice(0, 300)}\n  here: ${ours ?? "accepted"}\n  there: ${theirs ?? "accepted"}\n`);
}
console.log(`safetensors ${version}: ${cases.length} headers, ${different} judged differently`);

/** The first error of a case, read as a file is read. */
function refusal({ json, length, dataBytes }: HeaderCase): string | null {
  const size = 8 + json.length + dataBytes;
  const start = Buffer.alloc(Math.min(512, size));
  start.writeBigUInt64LE(length);
  start.write(json, 8, "latin1");
  const told = headerLength("m", start, size);
  if (told.length === null) return told.problem.message;
  const bytes = Buffer.alloc(told.length);
  bytes.write(json, "latin1");
  const { problems } = parseHeader("m", bytes, size);
  return problems.find(({ severity }) => severity === "error")?.message ?? null;
}
