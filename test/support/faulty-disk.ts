import type { Disk, DiskFile } from "../../server/analysis/disk.ts";
import { disk } from "../../server/analysis/disk.ts";

/** The process is gone: nothing that it would have done afterwards happens. */
export class Killed extends Error {}

/**
 * A real disk, seen by a process that is killed in the middle of its `last`th operation: a write leaves `share` of its bytes,
 * everything else happens or not by whether `share` is more than a half.
 */
export function mortalDisk(
  last: number,
  share: number,
): {
  readonly disk: Disk;
  readonly operations: () => number;
  /** Closes what the process had open, as the system does. */
  readonly bury: () => Promise<void>;
} {
  let operations = 0;
  const opened: DiskFile[] = [];
  const does = async <T>(operation: (share: number) => Promise<T>): Promise<T> => {
    operations += 1;
    if (operations > last) throw new Killed();
    const result = operations < last || share > 0.5 ? await operation(operations < last ? 1 : share) : undefined;
    if (operations >= last) throw new Killed();
    return result!;
  };
  const fileOf = (file: DiskFile): DiskFile => ({
    ...file,
    append: (bytes) =>
      does((done) => file.append(bytes.subarray(0, Math.floor(bytes.length * done)))).catch(async (error: unknown) => {
        if (operations === last && share <= 0.5) await file.append(bytes.subarray(0, Math.floor(bytes.length * share)));
        throw error;
      }),
    sync: () => does(() => file.sync()),
    close: () => Promise.resolve(),
  });
  return {
    operations: () => operations,
    bury: async () => {
      for (const file of opened) await file.close();
    },
    disk: {
      ...disk,
      open: (path, how) =>
        does(async () => {
          const file = await disk.open(path, how);
          opened.push(file);
          return file;
        }).then(fileOf),
      rename: (from, to) => does(() => disk.rename(from, to)),
      link: (from, to) => does(() => disk.link(from, to)),
      syncFolder: (path) => does(() => disk.syncFolder(path)),
      remove: (path) => does(() => disk.remove(path)),
    },
  };
}

/** A real disk with room for so many bytes more; what does not fit is cut off, as disks do. */
export function smallDisk(room: { bytes: number }): Disk {
  const full = (): Error => Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  return {
    ...disk,
    open: async (path, how) => {
      const file = await disk.open(path, how);
      return {
        ...file,
        append: async (bytes) => {
          const fits = Math.min(bytes.length, room.bytes);
          room.bytes -= fits;
          await file.append(bytes.subarray(0, fits));
          if (fits < bytes.length) throw full();
        },
      };
    },
  };
}
