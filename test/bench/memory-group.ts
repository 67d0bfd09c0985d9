import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Processes that the system holds to an amount of memory together, what they have of files in memory included. */
export interface MemoryGroup {
  /** Takes a process in; what it starts from then on is in the group too. */
  readonly hold: (pid: number) => void;
  /** Bytes that the group had at most, and how many of its processes the system ended for want of memory. */
  readonly told: () => { readonly peak: number | null; readonly killed: number };
  /** When its processes have ended. */
  readonly remove: () => Promise<void>;
}

/** The files of a control group, by the version of the interface. */
const interfaces = {
  cgroup2: { limit: "memory.max", peak: "memory.peak", events: "memory.events" },
  cgroup: { limit: "memory.limit_in_bytes", peak: "memory.max_usage_in_bytes", events: "memory.oom_control" },
} as const;

/** Makes a control group within this process's own, or beside it; null where the system does not let us. On Linux. */
export function memoryGroup(bytes: number): MemoryGroup | null {
  for (const { own, version } of ownGroups()) {
    for (const parent of [own, dirname(own)]) {
      const group = open(join(parent, `bench-${process.pid}`), bytes, interfaces[version]);
      if (group !== null) return group;
    }
  }
  return null;
}

function open(folder: string, bytes: number, files: (typeof interfaces)[keyof typeof interfaces]): MemoryGroup | null {
  const path = (name: string): string => join(folder, name);
  try {
    mkdirSync(folder);
  } catch {
    return null;
  }
  try {
    // Only the kernel makes this file: elsewhere a folder is just a folder.
    if (!existsSync(path(files.limit))) throw new Error("no memory is limited here");
    writeFileSync(path(files.limit), String(bytes));
    if (Number(readFileSync(path(files.limit), "utf8")) > bytes) throw new Error("the limit was not taken");
  } catch {
    rmdirSync(folder);
    return null;
  }
  return {
    hold: (pid) => {
      writeFileSync(path("cgroup.procs"), String(pid));
    },
    told: () => ({
      peak: existsSync(path(files.peak)) ? Number(readFileSync(path(files.peak), "utf8")) : null,
      killed: Number(/^oom_kill (\d+)$/mu.exec(readFileSync(path(files.events), "utf8"))?.[1] ?? 0),
    }),
    remove: async () => {
      // Its processes take a moment to end.
      for (let attempt = 0; attempt < 100; attempt++) {
        try {
          rmdirSync(folder);
          return;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    },
  };
}

/** Where this process's groups are that may limit memory. */
function ownGroups(): { readonly own: string; readonly version: keyof typeof interfaces }[] {
  try {
    const lines = (path: string): string[][] =>
      readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => line.split(path.endsWith("mounts") ? " " : ":"));
    const groups = lines("/proc/self/cgroup");
    return lines("/proc/self/mounts").flatMap(([, mount = "", type = "", options = ""]) => {
      const isFirst = type === "cgroup" && options.split(",").includes("memory");
      const [, , name] =
        groups.find(([, controllers = ""]) =>
          isFirst ? controllers.split(",").includes("memory") : type === "cgroup2" && controllers === "",
        ) ?? [];
      return name === undefined ? [] : [{ own: join(mount, name), version: isFirst ? "cgroup" : "cgroup2" }];
    });
  } catch {
    return [];
  }
}
