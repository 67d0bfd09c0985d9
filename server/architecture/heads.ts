/** Which rows or columns of which tensor belong to an attention head. The layouts of the families stand in families.ts. */
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Architecture, MatrixView } from "./architecture.ts";
import { families, type Family, type HeadLayout } from "./families.ts";
import { headSizes, type HeadBasis, type HeadSizes } from "./head-sizes.ts";
import { placeOfPart } from "./matrices.ts";
import { blockPath } from "./name-pattern.ts";
import type { Role } from "./role.ts";
import { nameParts, takeNumbers } from "./tensor-name.ts";

/**
 * The part of a weight that one attention head owns: a run of whole rows, or a run of columns. Its `description` has the
 * role of the part: a fused projection holds queries, keys and values.
 */
export interface HeadView extends MatrixView {
  /** Index of the head among those of its role in the tensor; of grouped queries, keys and values count their own. */
  readonly head: number;
  /** Entries of the tensor from one row to the next; larger than `columns` where the head is a run of columns. */
  readonly pitch: number;
  /** The first of its rows, or of its columns, in the matrix. */
  readonly start: number;
  readonly basis: HeadBasis;
}

/** Rows or columns [start, start + size) of a weight. */
interface Part {
  readonly role: Role;
  readonly head: number;
  readonly along: "rows" | "columns";
  readonly start: number;
  readonly size: number;
}

/** Layouts of projections that stand alone, by role. */
const separate: Readonly<Partial<Record<Role, HeadLayout>>> = {
  query: "rows",
  key: "rows",
  value: "rows",
  output: "columns",
};

/**
 * The attention heads of every matrix that has some, in the checkpoint's order. Names of no known family are read as
 * separate projections if a config tells how many heads there are. A matrix that does not divide into heads has none.
 */
export function headViews(checkpoint: Checkpoint, architecture: Architecture): HeadView[] {
  const family = families.find(({ name }) => name === architecture.family) ?? null;
  const taken = new Set(checkpoint.tensors.map(({ name }) => name));
  const sizesOf = headSizes(checkpoint);
  const isTurned = inputsFirst(architecture, family);
  return architecture.matrices.flatMap((matrix) => {
    const { tensor, description, rows, columns } = matrix;
    if ((description.packed ?? tensor).shape.length !== 2 || description.unsupported !== null) return [];
    const { module } = nameParts(takeNumbers(tensor.name).pattern);
    const path = family === null ? "" : blockPath(module, family.container);
    const special = path !== "" && family?.heads !== undefined ? family.heads : {};
    const layout = [path, description.role]
      .map((key) => (Object.hasOwn(special, key) ? special[key] : undefined))
      .find((each) => each !== undefined);
    const chosen = layout === undefined ? (separate[description.role] ?? null) : layout;
    if (chosen === null) return [];
    const sizes = sizesOf(matrix);
    if (sizes === null || (family === null && sizes.basis !== "config")) return [];
    const parts = isTurned(matrix)
      ? partsOf(chosen, description.role, columns, rows, sizes).map(turned)
      : partsOf(chosen, description.role, rows, columns, sizes);
    return parts.map((part) => viewOf(matrix, part, sizes.basis, taken));
  });
}

/** Whether a matrix is [in, out]. */
function inputsFirst({ matrices }: Architecture, family: Family | null): (matrix: MatrixView) => boolean {
  const isOwn = ({ description }: MatrixView): boolean => description.packed?.outputsFirst !== true;
  // Queries, keys and values together are more than the inputs: linear layers under the same names show by that.
  const isLinear = matrices.some(
    (matrix) => matrix.description.role === "qkv" && isOwn(matrix) && matrix.rows > matrix.columns,
  );
  return family?.inputsFirst === true && !isLinear ? isOwn : () => false;
}

/** The same part of the weight turned round. */
function turned(part: Part): Part {
  return { ...part, along: part.along === "rows" ? "columns" : "rows" };
}

function viewOf(matrix: MatrixView, part: Part, basis: HeadBasis, taken: ReadonlySet<string>): HeadView {
  const { tensor, description } = matrix;
  const whole = { row: 0, column: 0, rows: matrix.rows, columns: matrix.columns, step: 1 };
  const place =
    part.along === "rows"
      ? placeOfPart(matrix, { ...whole, row: part.start, rows: part.size })
      : placeOfPart(matrix, { ...whole, column: part.start, columns: part.size });
  const own = part.role === description.role ? "" : `${part.role}-`;
  let id = `${tensor.name}#${own}head${part.head}`;
  // Another tensor may have just this name.
  while (taken.has(id)) id += "′";
  return {
    id,
    tensor,
    description: { ...description, role: part.role },
    expert: matrix.expert,
    ...place,
    start: part.start,
    head: part.head,
    basis,
  };
}

/** The parts of a weight of `rows` outputs and `columns` inputs; none if it does not divide as the layout says. */
function partsOf(layout: HeadLayout, role: Role, rows: number, columns: number, sizes: HeadSizes): Part[] {
  const { dimension, queryHeads, latent, basis } = sizes;
  switch (layout) {
    case "rows":
    case "columns": {
      const parts = run(role, layout, layout === "rows" ? rows : columns, dimension);
      const counted = queryHeads !== null && (role === "query" || role === "output");
      return counted && parts.length !== queryHeads ? [] : parts;
    }
    case "query-key-value":
      return blocks(rows, queryHeads ?? columns / dimension, dimension);
    case "grouped":
      return groups(rows, queryHeads ?? columns / dimension, dimension);
    case "latent-query":
    case "latent-output": {
      const along = layout === "latent-query" ? "rows" : "columns";
      // The first DeepSeek has ordinary attention under the same names.
      if (latent === null) return basis === "config" ? partsOf(along, role, rows, columns, sizes) : [];
      return layout === "latent-query"
        ? run(role, along, rows, latent.nope + latent.rope)
        : run(role, along, columns, latent.value);
    }
    case "latent-key-value":
      return latent === null ? [] : keysWithValues(rows, latent.nope, latent.value);
  }
}

/** Head after head. */
function run(role: Role, along: Part["along"], length: number, size: number, first = 0): Part[] {
  if (!isCount(length / size)) return [];
  return Array.from({ length: length / size }, (_, head) => ({ role, head, along, start: first + head * size, size }));
}

/** All queries, then all keys, then all values: the heads that are not queries are half keys, half values. */
function blocks(rows: number, queryHeads: number, size: number): Part[] {
  const others = (rows / size - queryHeads) / 2;
  if (!isCount(queryHeads) || !isCount(others)) return [];
  const queries = queryHeads * size;
  return [
    ...run("query", "rows", queries, size),
    ...run("key", "rows", others * size, size, queries),
    ...run("value", "rows", others * size, size, queries + others * size),
  ];
}

/**
 * Rows viewed as [groups, queries of a group + 2, size], the last two of a group its key and its value. With as many
 * groups as heads that is [heads, 3, size], with one group multi-query attention.
 */
function groups(rows: number, queryHeads: number, size: number): Part[] {
  const count = (rows / size - queryHeads) / 2;
  const perGroup = queryHeads / count;
  if (!isCount(count) || !isCount(perGroup)) return [];
  const parts: Part[] = [];
  for (const [role, places] of [
    ["query", perGroup],
    ["key", 1],
    ["value", 1],
  ] as const) {
    const offset = role === "query" ? 0 : role === "key" ? perGroup : perGroup + 1;
    for (let head = 0; head < count * places; head++) {
      const place = Math.floor(head / places) * (perGroup + 2) + offset + (head % places);
      parts.push({ role, head, along: "rows", start: place * size, size });
    }
  }
  return parts;
}

/** Of each head the key's rows, then the value's. */
function keysWithValues(rows: number, key: number, value: number): Part[] {
  if (!isCount(rows / (key + value))) return [];
  const heads = Array.from({ length: rows / (key + value) }, (_, head) => head);
  return [
    ...heads.map((head): Part => ({ role: "key", head, along: "rows", start: head * (key + value), size: key })),
    ...heads.map((head): Part => ({
      role: "value",
      head,
      along: "rows",
      start: head * (key + value) + key,
      size: value,
    })),
  ];
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
