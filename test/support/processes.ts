import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** The processes that a process started and that still run, with their command lines. */
export function childProcesses(parent: number): { pid: number; command: string }[] {
  return allProcesses()
    .filter((entry) => entry.parent === parent)
    .map(({ pid, command }) => ({ pid, command }));
}

/** The GPU processes of a language server. */
export function gpuProcesses(server: number): number[] {
  return childProcesses(server)
    .filter(({ command }) => /worker\.mjs ?$/u.test(command))
    .map(({ pid }) => pid);
}

/** The language servers of extensions installed in a folder, and who started them: their extension hosts. */
export function languageServers(folder: string): { readonly pid: number; readonly parent: number }[] {
  return allProcesses()
    .filter(({ command }) => command.includes(folder) && command.includes("dist/server/main.mjs"))
    .map(({ pid, parent }) => ({ pid, parent }));
}

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function allProcesses(): Entry[] {
  // A small Linux has no `ps`.
  if (existsSync("/proc/self/stat")) {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap(readProcess);
  }
  return execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });
}

/** Reads one process of `/proc`; none when it has ended since. */
function readProcess(name: string): Entry[] {
  try {
    // "pid (name) state ppid …", and the name may hold anything.
    const after = readFileSync(`/proc/${name}/stat`, "utf8").replace(/^.*\) /s, "");
    const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
    return [{ pid: Number(name), parent: Number(after.split(" ")[1]), command }];
  } catch {
    return [];
  }
}
