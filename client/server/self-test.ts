/** Whether a Node can compute on this machine: its own process creates a device and reads a buffer back. */
import { execFile } from "node:child_process";
import { parseSelfTest, type SelfTest } from "./runtime.ts";

/** A driver compiles its first kernels within this time, in milliseconds; one that hangs never answers. */
const patience = 60_000;

/**
 * Runs `<node> <worker> --self-test`.
 * @param worker path of the GPU process's module.
 */
export function selfTest(executable: string, worker: string, environment: NodeJS.ProcessEnv): Promise<SelfTest> {
  const options = { env: environment, timeout: patience, windowsHide: true };
  return new Promise((resolve) => {
    execFile(executable, [worker, "--self-test"], options, (error, output, errors) => {
      const told = parseSelfTest(output);
      if (told !== null) {
        resolve(told);
        return;
      }
      const code = error?.killed === true ? "timeout" : "crashed";
      const message = errors.trim().split("\n").at(-1) ?? "";
      resolve({ ok: false, code, message: message === "" ? (error?.message ?? "") : message, remedy: null });
    });
  });
}
