/** One metric over a whole checkpoint: by role and layer, and as a ranking. Pure; 100 000 matrices take a few milliseconds. */
import { atOnce, forEachSliced, type Sliced } from "../../server/collections/sliced.ts";
import type { MetricColumn } from "../../server/protocol.ts";
import { roles, type Role } from "../../server/architecture/role.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { TensorNode } from "./nodes.ts";

/** A metric and its noise value for each matrix, in the order of the catalogue's tensors and their slices. */
export interface Column {
  readonly values: Float32Array;
  readonly noise: Float32Array;
}

export function decodeColumn({ values, noise }: MetricColumn): Column {
  return { values: decodeFloats(values), noise: decodeFloats(noise) };
}

/** Float32, little-endian as every browser's arrays are, of base64. */
export function decodeFloats(base64: string): Float32Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return new Float32Array(bytes.buffer);
}

/** What is shown of a matrix: the metric itself, or the metric over its noise value. */
export type Measure = "value" | "ratio";

/** The matrices of one role in one layer; several where there are experts. */
export interface Cell {
  /** Medians over the matrices that have one; NaN while there is none. */
  readonly value: number;
  readonly noise: number;
  readonly ratio: number;
  readonly matrices: number;
  /** The first of the tensors. */
  readonly node: TensorNode;
}

/** The layers of one role in one stack of blocks. */
export interface RoleRow {
  readonly role: Role;
  /** What the names of the stack's blocks have in common, such as `model.layers`; empty where there is one stack. */
  readonly stack: string;
  /** By position in {@link RoleLayers.layers}. */
  readonly cells: readonly (Cell | null)[];
}

export interface RoleLayers {
  readonly layers: readonly number[];
  readonly rows: readonly RoleRow[];
}

/** What the names of the blocks of one stack have in common. */
export function stackOf(block: string): string {
  return block.replace(/\.?\d+$/u, "");
}

interface Gathered {
  readonly node: TensorNode;
  readonly values: number[];
  readonly noise: number[];
  readonly ratios: number[];
  matrices: number;
}

/** A metric by role and layer: a row for each role, those of one stack of blocks together. */
export function roleLayers(checkpoint: Checkpoint, column: Column): RoleLayers {
  return atOnce(gatheringLayers(checkpoint, column));
}

/** As {@link roleLayers}, in slices. */
export function* gatheringLayers(checkpoint: Checkpoint, { values, noise }: Column): Sliced<RoleLayers> {
  const gathered = new Map<string, Map<Role, Map<number, Gathered>>>();
  const layers = new Set<number>();
  const stacks = new Map<string, string>();
  let position = 0;
  yield* forEachSliced(checkpoint.tensors, (node) => {
    const { matrices, layer, role, block } = node.tensor;
    if (matrices > 0 && layer !== null) {
      const stack = entry(stacks, block, () => stackOf(block));
      layers.add(layer);
      const byLayer = entry(
        entry(gathered, stack, () => new Map<Role, Map<number, Gathered>>()),
        role,
        () => new Map<number, Gathered>(),
      );
      const cell = entry(byLayer, layer, () => ({ node, values: [], noise: [], ratios: [], matrices: 0 }));
      cell.matrices += matrices;
      for (let slice = position; slice < position + matrices; slice++) {
        const value = values[slice] ?? NaN;
        const expected = noise[slice] ?? NaN;
        if (!Number.isNaN(value)) cell.values.push(value);
        if (!Number.isNaN(expected)) cell.noise.push(expected);
        if (Number.isFinite(value / expected)) cell.ratios.push(value / expected);
      }
    }
    position += matrices;
  });
  const sorted = [...layers].sort((left, right) => left - right);
  const rows = [...gathered].flatMap(([stack, byRole]) =>
    [...byRole]
      .sort(([left], [right]) => roles.indexOf(left) - roles.indexOf(right))
      .map(([role, byLayer]) => ({
        role,
        stack: gathered.size > 1 ? stack : "",
        cells: sorted.map((layer) => cellOf(byLayer.get(layer))),
      })),
  );
  return { layers: sorted, rows };
}

function cellOf(gathered: Gathered | undefined): Cell | null {
  if (gathered === undefined) return null;
  const { node, matrices } = gathered;
  return {
    value: median(gathered.values),
    noise: median(gathered.noise),
    ratio: median(gathered.ratios),
    matrices,
    node,
  };
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  // Typed arrays sort numbers as such, and several times faster.
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Ranked {
  readonly node: TensorNode;
  /** Of a stack; null for a tensor with one matrix. */
  readonly slice: number | null;
  readonly value: number;
  readonly noise: number;
  readonly ratio: number;
}

export interface Order {
  readonly by: "value" | "noise" | "ratio";
  readonly descending: boolean;
}

/** The first `most` matrices in an order; those that lack the number it goes by are left out. */
export function ranking(checkpoint: Checkpoint, { values, noise }: Column, order: Order, most: number): Ranked[] {
  const sign = order.descending ? -1 : 1;
  const kept: { readonly key: number; readonly ranked: Ranked }[] = [];
  let position = 0;
  for (const node of checkpoint.tensors) {
    const { matrices } = node.tensor;
    for (let slice = 0; slice < matrices; slice++, position++) {
      const value = values[position] ?? NaN;
      const expected = noise[position] ?? NaN;
      const ratio = value / expected;
      const key = sign * { value, noise: expected, ratio }[order.by];
      const last = kept.at(-1);
      if (Number.isNaN(key) || (kept.length === most && last !== undefined && key >= last.key)) continue;
      // Among equals the checkpoint's order.
      let at = kept.length;
      while (at > 0 && kept[at - 1]!.key > key) at--;
      const ranked = { node, slice: matrices === 1 ? null : slice, value, noise: expected, ratio };
      kept.splice(at, 0, { key, ranked });
      if (kept.length > most) kept.pop();
    }
  }
  return kept.map(({ ranked }) => ranked);
}
