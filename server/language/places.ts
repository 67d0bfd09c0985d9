import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Position, Range } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { atOnce, forEachSliced, inSlices, type Sliced } from "../collections/sliced.ts";
import { findingKeys } from "../checkpoint/index-document.ts";
import { outlineScheme, type Catalogue, type CatalogueTensor } from "../protocol.ts";
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
  return inSlices(findingRanges(TextDocument.create(fileUri(catalogue.path), "json", 0, text)));
}

/** Of documents as they are now: every hover, hint and squiggle asks, and a long index takes its time to read. */
const known = new WeakMap<TextDocument, { readonly version: number; readonly ranges: ReadonlyMap<string, Range> }>();

/** Where each `weight_map` key stands in an index document, with its quotes. */
export function rangesOfKeys(document: TextDocument): ReadonlyMap<string, Range> {
  const before = known.get(document);
  if (before?.version === document.version) {
    return before.ranges;
  }
  const ranges = atOnce(findingRanges(document));
  known.set(document, { version: document.version, ranges });
  return ranges;
}

function* findingRanges(document: TextDocument): Sliced<ReadonlyMap<string, Range>> {
  const ranges = new Map<string, Range>();
  yield* forEachSliced(yield* findingKeys(document.getText()), ([key, { offset, length }]) => {
    ranges.set(key, { start: document.positionAt(offset), end: document.positionAt(offset + length) });
  });
  return ranges;
}

export function outlineRange(outline: Outline, tensor: string): Range | null {
  const place = outline.places.get(tensor);
  return place === undefined
    ? null
    : { start: { line: place.line, character: place.begin }, end: { line: place.line, character: place.end } };
}

export function isOutline({ uri }: { readonly uri: string }): boolean {
  return uri.startsWith(`${outlineScheme}:`);
}

/** The tensor that an outline's line or an index's key is about, and where its name stands; null anywhere else. */
export function tensorAt(
  checkpoint: { readonly outline: Outline; readonly analysis: { readonly catalogue: Catalogue } },
  document: TextDocument,
  { line, character }: Position,
): { readonly tensor: CatalogueTensor; readonly range: Range } | null {
  if (isOutline(document)) {
    const tensor = checkpoint.outline.tensors[line] ?? null;
    const range = tensor === null ? null : outlineRange(checkpoint.outline, tensor.name);
    return tensor === null || range === null ? null : { tensor, range };
  }
  for (const [name, range] of rangesOfKeys(document)) {
    if (range.start.line === line && range.start.character <= character && character <= range.end.character) {
      const tensor = checkpoint.analysis.catalogue.tensors.find((each) => each.name === name);
      return tensor === undefined ? null : { tensor, range };
    }
  }
  return null;
}
