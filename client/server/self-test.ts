/** Whether a Node can compute on this machine: its own process creates a device and reads a buffer back. */
import { execFile } from "node:child_process";
import type { Spoken } from "../../server/text/l10n.ts";
import { parseSelfTest, type SelfTest } from "./runtime.ts";

/** A driver compiles its first kernels within this time, in milliseconds; one that hangs never answers. */
const patience = 60_000;

/**
 * Runs `<node> <worker> --self-test`.
 * @param worker path of the GPU process's module.
 * @param spoken the language of what it tells
 */
export function selfTest(
  executable: string,
  worker: string,
  environment: NodeJS.ProcessEnv,
  spoken: Spoken,
): Promise<SelfTest> {
  const options = { env: environment, timeout: patience, windowsHide: true };
  return new Promise((resolve) => {
    const child = execFile(executable, [worker, "--self-test", "--spoken"], options, (error, output, errors) => {
      const told = parseSelfTest(output);
      if (told !== null) {
        resolve(told);
        return;
      }
      const code = error?.killed === true ? "timeout" : "crashed";
      const message = errors.trim().split("\n").at(-1) ?? "";
      resolve({ ok: false, code, message: message === "" ? (error?.message ?? "") : message, remedy: null });
    });
    // Whoever does not read it has ended already, which is told above.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(JSON.stringify(spoken));
  });
}
