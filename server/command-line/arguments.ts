import { parseArgs } from "node:util";
import type { Severity } from "../protocol.ts";

export const formats = ["text", "json", "csv", "sarif", "html"] as const;

export type Format = (typeof formats)[number];

export interface Arguments {
  readonly paths: readonly string[];
  /** Globs over tensor names; empty for all. */
  readonly tensors: readonly string[];
  /** Whether attention heads are analysed too. */
  readonly heads: boolean;
  /** Whether the randomness of singular vectors is. */
  readonly vectors: boolean;
  /** Whether a freshly drawn matrix stands beside each. */
  readonly draw: boolean;
  /** Whether files, names and configs are looked at alone, and nothing is computed. */
  readonly headersOnly: boolean;
  readonly format: Format;
  /** Null for standard output. */
  readonly output: string | null;
  readonly failOn: Severity | "never";
  readonly adapter: string;
  readonly cache: boolean;
}

export const usage = `usage: safetensors-spectrum PATH… [options]

PATH is a .safetensors file, an index (*.safetensors.index.json), a folder, which means every
checkpoint in it and below it, or a glob of these.

  --tensor GLOB      analyse only the tensors whose name matches; may be repeated
  --heads            analyse attention heads as matrices of their own too
  --vectors          test how random, and how localised, the singular vectors are
  --draw             beside each matrix, a freshly drawn one of its likely initialiser
  --headers-only     check files, names and configs, and compute nothing: needs no GPU
  --format FORMAT    text (the default), json, csv, sarif or html: one page
                     that needs nothing else; the default where FILE ends so
  --output FILE      write the results to FILE, whole or not at all, instead of standard output
  --fail-on LEVEL    exit with 1 on findings of this level or above:
                     error, warning (the default), information or never
  --adapter NAME     compute on the GPU whose name contains NAME
  --no-cache         neither use nor keep earlier results
  --help, --version

Exit status: 0 no findings, 1 findings, 2 something could not be read or analysed, 130 interrupted.
`;

/** What is wrong with the arguments, in one sentence. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments | "help" | "version" {
  const { values, positionals } = parse(argv);
  if (values.help === true) {
    return "help";
  }
  if (values.version === true) {
    return "version";
  }
  if (positionals.length === 0) {
    throw new UsageError("no checkpoint given; name a .safetensors file, an index or a folder");
  }
  return {
    paths: positionals,
    tensors: values.tensor ?? [],
    heads: values.heads === true,
    vectors: values.vectors === true,
    draw: values.draw === true,
    headersOnly: values["headers-only"] === true,
    format: oneOf("--format", values.format ?? (/\.html?$/iu.test(values.output ?? "") ? "html" : "text"), formats),
    output: values.output ?? null,
    failOn: oneOf("--fail-on", values["fail-on"] ?? "warning", ["error", "warning", "information", "never"]),
    adapter: values.adapter ?? "",
    cache: values["no-cache"] !== true,
  };
}

// The return type is parseArgs's own, inferred from the options below.
function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        tensor: { type: "string", multiple: true },
        heads: { type: "boolean" },
        vectors: { type: "boolean" },
        draw: { type: "boolean" },
        "headers-only": { type: "boolean" },
        format: { type: "string" },
        output: { type: "string" },
        "fail-on": { type: "string" },
        adapter: { type: "string" },
        "no-cache": { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    });
  } catch (error) {
    // Node's own sentence names the option; the rest of it explains POSIX.
    throw new UsageError(error instanceof Error ? error.message.split(". ")[0]! : String(error));
  }
}

function oneOf<const Choice extends string>(option: string, value: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === value);
  if (choice === undefined) {
    throw new UsageError(`${option} takes ${choices.join(", ")}, not “${value}”`);
  }
  return choice;
}
