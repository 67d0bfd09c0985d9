import { errorCode } from "../text/error-code.ts";
import { readFileSync } from "node:fs";

/** Whether there is a process of that id on this machine that has not ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
  if (process.platform !== "linux") return true;
  try {
    // "pid (name) state …", and the name may hold anything. What has ended stays a zombie until its parent asks for it,
    // which the first process of many containers never does.
    const state = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "")[0];
    return state !== "Z" && state !== "X";
  } catch {
    // It ended meanwhile, or this system hides others' processes.
    return true;
  }
}
