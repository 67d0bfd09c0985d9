import { readFileSync } from "node:fs";

/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** In bytes, uncompressed. */
  readonly size: number;
  /** The permission bits that the archive gives it; 0 when it gives none. */
  readonly mode: number;
}

/** The files of a zip archive, from its central directory (APPNOTE.TXT 4.3.12). */
export function zipEntries(path: string): ZipEntry[] {
  const archive = readFileSync(path);
  const end = archive.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) throw new Error(`${path} is not a zip archive.`);
  const entries: ZipEntry[] = [];
  let offset = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const nameLength = archive.readUInt16LE(offset + 28);
    entries.push({
      name: archive.toString("utf8", offset + 46, offset + 46 + nameLength),
      size: archive.readUInt32LE(offset + 24),
      mode: (archive.readUInt32LE(offset + 38) >>> 16) & 0o777,
    });
    offset += 46 + nameLength + archive.readUInt16LE(offset + 30) + archive.readUInt16LE(offset + 32);
  }
  return entries;
}
