import { createHash } from "node:crypto";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { findingDescriptions } from "../analysis/finding-descriptions.ts";
import type { Finding } from "../analysis/findings.ts";
import type { Severity } from "../protocol.ts";
import { printable, shortened } from "../text/format.ts";
import { inertJson } from "../text/json.ts";
import type { Report, ReportedCheckpoint } from "./report.ts";

/**
 * The findings as SARIF 2.1.0 (OASIS, with errata 01), one run of all checkpoints. A finding stands at its file, where
 * the data lie told as an address: lines, which code scanners ask for in a region, a binary file has none.
 */
export function* sarifReport(report: Report): Generator<string> {
  const { engine, checkpoints, failures, folder } = report;
  const driver = {
    name: "Safetensors Spectrum",
    version: engine.version,
    semanticVersion: engine.version,
    rules: [...findingDescriptions].map(([id, { title, help, severity }]) => ({
      id,
      shortDescription: { text: `${title}.` },
      fullDescription: { text: help },
      help: { text: help, markdown: help },
      defaultConfiguration: { level: levels[severity] },
    })),
  };
  yield '{"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",\n';
  yield `"version":"2.1.0",\n"runs":[{"tool":${inertJson({ driver })},\n`;
  yield `"invocations":[${inertJson(invocation(failures))}],\n`;
  yield `"originalUriBaseIds":${inertJson({ [root]: { uri: `${pathToFileURL(folder).href}/` } })},\n`;
  yield `"artifacts":[${artifacts(report).map(inertJson).join(",\n")}],\n"results":[`;
  let separator = "\n";
  for (const checkpoint of checkpoints) {
    const tensors = new Map(checkpoint.analysis.checkpoint.tensors.map((tensor) => [tensor.name, tensor]));
    for (const problem of checkpoint.problems) {
      yield separator + inertJson(result(problem, tensors, folder));
      separator = ",\n";
    }
  }
  yield "]}]}\n";
}

/** The folder that relative paths begin at; what GitHub takes for the repository. */
const root = "%SRCROOT%";

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  error: "error",
  warning: "warning",
  information: "note",
};

const ruleIndices = new Map([...findingDescriptions.keys()].map((code, index) => [code, index]));

function invocation(failures: readonly string[]): unknown {
  return {
    executionSuccessful: failures.length === 0,
    toolExecutionNotifications: failures.map((failure) => ({ level: "error", message: message(failure) })),
  };
}

function artifacts({ checkpoints, folder }: Report): unknown[] {
  return checkpoints.flatMap(({ analysis: { checkpoint } }) =>
    checkpoint.files.map(({ path, size }) => ({
      location: artifactLocation(path, folder),
      length: size,
      roles: ["analysisTarget"],
    })),
  );
}

type Tensors = ReadonlyMap<string, ReportedCheckpoint["analysis"]["checkpoint"]["tensors"][number]>;

function result(problem: Finding, tensors: Tensors, folder: string): unknown {
  const { code, severity, tensor, head, path } = problem;
  const place = tensor === null ? undefined : tensors.get(tensor);
  const address =
    problem.byteOffset !== undefined
      ? { absoluteAddress: problem.byteOffset }
      : place === undefined
        ? null
        : { absoluteAddress: place.begin, length: place.end - place.begin, kind: "data" };
  const artifact = artifactLocation(path, folder);
  const ruleIndex = ruleIndices.get(code);
  return {
    ruleId: code,
    ...(ruleIndex === undefined ? {} : { ruleIndex }),
    level: levels[severity],
    message: message(problem.message),
    locations: [
      {
        physicalLocation: { artifactLocation: artifact, ...(address === null ? {} : { address }) },
        ...(tensor === null ? {} : { logicalLocations: [{ name: printable(shortened(tensor)), kind: "tensor" }] }),
      },
    ],
    // The name is the one by which GitHub recognises a finding in the next run.
    partialFingerprints: {
      primaryLocationLineHash: fingerprint([code, artifact.uri, tensor ?? problem.message, String(head)]),
    },
  };
}

/** A path below the folder is told relative to it, any other as a file URI. */
function artifactLocation(path: string, folder: string): { readonly uri: string; readonly uriBaseId?: string } {
  const below = relative(folder, resolve(folder, path));
  if (below === "" || isAbsolute(below) || below.split(sep)[0] === "..") {
    return { uri: pathToFileURL(resolve(folder, path)).href };
  }
  return { uri: below.split(sep).map(encodeURIComponent).join("/"), uriBaseId: root };
}

/**
 * A plain-text message. Its names are untrusted: braces would be placeholders and are doubled (§3.11.5), and `[…](…)`
 * would be a link (§3.11.6), which it is not with its middle escaped.
 */
function message(text: string): { readonly text: string } {
  return {
    text: printable(text).replace(/[{}]/g, "$&$&").replaceAll("](", "\\]("),
  };
}

function fingerprint(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
