/** Which Node runs the language server: the rules, free of the editor and of processes. */
import { join } from "node:path";

export type RuntimeSource = "setting" | "extension-host" | "bundled" | "path";

/** An executable that may be a Node. */
export interface Candidate {
  readonly source: RuntimeSource;
  readonly executable: string;
}

/** What the rules look at. */
export interface Host {
  /** The setting `safetensorsSpectrum.runtime`; empty when it is not set. */
  readonly setting: string;
  /** The executable that runs the extension host. */
  readonly executable: string;
  /** `process.versions.electron` of the extension host. */
  readonly electron: string | undefined;
  /** Where the extension is installed. */
  readonly extensionFolder: string;
  readonly platform: NodeJS.Platform;
}

/** The oldest Node that the server and Dawn run on. */
export const minimumMajor = 20;

/** Where a platform's VSIX carries its Node. */
export function bundledRuntime(extensionFolder: string, platform: NodeJS.Platform): string {
  return join(extensionFolder, "dist", "runtime", "bin", platform === "win32" ? "node.exe" : "node");
}

/** The executables to try, the best first. */
export function candidates(host: Host): Candidate[] {
  const list: Candidate[] = [];
  if (host.setting !== "") list.push({ source: "setting", executable: host.setting });
  // A desktop's extension host runs on Electron, which is never used: its V8 has the memory cage, which refuses array
  // buffers over memory that it does not own, so Dawn's getMappedRange fails and no result can be read from the GPU.
  // Remote, Codespaces and code-server hosts run on a real Node.
  if (host.electron === undefined) list.push({ source: "extension-host", executable: host.executable });
  list.push({ source: "bundled", executable: bundledRuntime(host.extensionFolder, host.platform) });
  list.push({ source: "path", executable: host.platform === "win32" ? "node.exe" : "node" });
  return list;
}

/** Prints what {@link parseReport} reads, when given to an executable that is a Node. */
export const reportScript =
  "JSON.stringify({ executable: process.execPath, node: process.versions.node, electron: process.versions.electron ?? null })";

/** What an executable says of itself. */
export interface Report {
  readonly executable: string;
  readonly node: string;
  readonly electron: string | null;
}

/** Reads the output of {@link reportScript}; null when it is something else. */
export function parseReport(output: string): Report | null {
  const value = parseObject(output);
  if (value === null) return null;
  const { executable, node, electron } = value;
  if (typeof executable !== "string" || typeof node !== "string") return null;
  return { executable, node, electron: typeof electron === "string" ? electron : null };
}

/** Why an executable that runs cannot be used; null when it can. */
export function refusal(report: Report): { readonly code: "electron" | "too-old"; readonly version: string } | null {
  if (report.electron !== null) return { code: "electron", version: report.electron };
  const major = Number.parseInt(report.node, 10);
  return major >= minimumMajor ? null : { code: "too-old", version: report.node };
}

/** The failures of a self-test; `crashed` and `timeout` are seen from outside, the others the test tells itself. */
export const selfTestFailures = [
  "no-loader",
  "no-adapter",
  "adapter-too-small",
  "no-dawn",
  "crashed",
  "timeout",
] as const;
export type SelfTestFailure = (typeof selfTestFailures)[number];

/** The outcome of creating a device and reading a buffer back. */
export type SelfTest =
  | { readonly ok: true; readonly adapter: string; readonly backend: string; readonly software: boolean }
  | { readonly ok: false; readonly code: SelfTestFailure; readonly message: string; readonly remedy: string | null };

/** Reads the one line of JSON that the self-test prints last; null when there is none. */
export function parseSelfTest(output: string): SelfTest | null {
  const value = parseObject(output.trim().split("\n").at(-1) ?? "");
  if (value === null) return null;
  const { ok, adapter, backend, software, code, message, remedy } = value;
  if (ok === true && typeof adapter === "string" && typeof backend === "string") {
    return { ok, adapter, backend, software: software === true };
  }
  const failure = selfTestFailures.find((known) => known === code);
  if (ok !== false || failure === undefined || typeof message !== "string") return null;
  return { ok, code: failure, message, remedy: typeof remedy === "string" ? remedy : null };
}

/** Whether another Node could do better; drivers and adapters are the machine's, and the same for each. */
export function anotherMayDo(failure: SelfTestFailure): boolean {
  return failure === "no-dawn" || failure === "crashed" || failure === "timeout";
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
