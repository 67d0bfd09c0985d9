import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Range } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { weightMapKeys } from "../checkpoint/index-document.ts";
import type { Catalogue } from "../protocol.ts";
import { outlineScheme } from "../protocol.ts";
import type { Outline } from "./outline.ts";

/** A place in a text document that speaks of a tensor. */
export interface Place {
  readonly uri: string;
  readonly range: Range;
}

export function fileUri(path: string): string {
  return pathToFileURL(path).href;
}

/** URI of the outline document of the checkpoint at a path. */
export function outlineUri(path: string): string {
  return `${outlineScheme}:${pathToFileURL(path).pathname}.outline`;
}

/** The path a document's URI speaks of: an outline's is its checkpoint's. Null for anything else. */
export function checkpointPath(uri: string): string | null {
  try {
    const { protocol, pathname } = new URL(uri);
    if (protocol === `${outlineScheme}:` && pathname.endsWith(".outline")) {
      return fileURLToPath(`file://${pathname.slice(0, -".outline".length)}`);
    }
    return protocol === "file:" ? fileURLToPath(uri) : null;
  } catch {
    return null;
  }
}

/** Where each tensor's key stands in the index of a sharded checkpoint; empty for a single file or a broken index. */
export async function indexPlaces(catalogue: Catalogue): Promise<ReadonlyMap<string, Range>> {
  if (!catalogue.sharded) {
    return new Map();
  }
  const text = await readFile(catalogue.path, "utf8").catch(() => "");
  return rangesOfKeys(TextDocument.create(fileUri(catalogue.path), "json", 0, text));
}

/** Where each `weight_map` key stands in an index document, with its quotes. */
export function rangesOfKeys(document: TextDocument): ReadonlyMap<string, Range> {
  const ranges = new Map<string, Range>();
  for (const [key, { offset, length }] of weightMapKeys(document.getText())) {
    ranges.set(key, { start: document.positionAt(offset), end: document.positionAt(offset + length) });
  }
  return ranges;
}

export function outlineRange(outline: Outline, tensor: string): Range | null {
  const place = outline.places.get(tensor);
  return place === undefined
    ? null
    : { start: { line: place.line, character: place.begin }, end: { line: place.line, character: place.end } };
}
