/** Products of two weights that mean something by themselves: LoRA's updates B·A, and attention's W_QᵀW_K. */
import type { Architecture, MatrixView, TensorDescription } from "./architecture.ts";
import { commonModules, families } from "./families.ts";
import type { HeadView } from "./heads.ts";
import { describePattern } from "./name-pattern.ts";
import type { Role } from "./role.ts";
import { nameParts, takeNumbers } from "./tensor-name.ts";

/** A weight in a product, with the side of it that the product sums over. */
export interface FactorView {
  readonly view: MatrixView;
  readonly shared: "rows" | "columns";
}

export interface ProductView {
  /** `update`: B·A of a low-rank adapter. `attention`: W_QᵀW_K of a query head and the key head that it reads. */
  readonly kind: "update" | "attention";
  /** The path of the module that is updated, or that attends. Untrusted text. */
  readonly module: string;
  /** Of the module that is updated; `query` of attention. */
  readonly role: Role;
  readonly description: Pick<TensorDescription, "block" | "layer" | "expert">;
  /** Of attention: the query head, and the key head of its group. */
  readonly head: number | null;
  readonly keyHead: number | null;
  readonly left: FactorView;
  readonly right: FactorView;
  readonly rows: number;
  readonly columns: number;
  /** The shared side: the most that the rank can be, if the factors are thin. */
  readonly rank: number;
}

/** The names of the second factor, by that of the first. */
const partners: ReadonlyMap<string, string> = new Map([
  ["lora_A", "lora_B"],
  ["lora_embedding_A", "lora_embedding_B"],
  ["lora_down", "lora_up"],
]);

/** The updates of an adapter, in the order of their A. A factor without its other is none, nor are those that do not fit. */
export function updateViews(architecture: Architecture): ProductView[] {
  const family = families.find(({ name }) => name === architecture.family) ?? null;
  const byTensor = new Map<string, MatrixView[]>();
  for (const matrix of architecture.matrices) {
    const { name } = matrix.tensor;
    byTensor.set(name, [...(byTensor.get(name) ?? []), matrix]);
  }
  return architecture.matrices.flatMap((a): ProductView[] => {
    if (a.description.role !== "lora-a" || a.description.unsupported !== null) return [];
    const parts = a.tensor.name.split(".");
    const place = parts.findIndex((part) => partners.has(part));
    const other = parts.with(place, partners.get(parts[place]!)!).join(".");
    const b = byTensor.get(other)?.[byTensor.get(a.tensor.name)!.indexOf(a)];
    if (b?.description.unsupported !== null || b.columns !== a.rows) return [];
    const module = parts.slice(0, place).join(".");
    const { moduleRole } = describePattern(takeNumbers(`${module}.weight`).pattern, family);
    return [
      {
        kind: "update",
        module,
        role: moduleRole === "other" ? (commonModules[kohyaEnd(module)] ?? "other") : moduleRole,
        description: a.description,
        head: null,
        keyHead: null,
        left: { view: b, shared: "columns" },
        right: { view: a, shared: "rows" },
        rows: b.rows,
        columns: a.columns,
        rank: a.rows,
      },
    ];
  });
}

/** kohya joins the parts of a module's path by underscores: `lora_unet_mid_block_attentions_0_to_k`. */
function kohyaEnd(module: string): string {
  return Object.keys(commonModules).find((end) => module.endsWith(`_${end}`)) ?? "";
}

/**
 * W_QᵀW_K of every query head with the key head of its group, the same input on both sides. Rotary embeddings turn what
 * stands between the two by the distance of the positions: this is the product at distance 0.
 */
export function attentionViews(heads: readonly HeadView[]): ProductView[] {
  const holding = (role: Role): ReadonlySet<string> =>
    new Set(heads.filter(({ description }) => description.role === role).map(({ tensor }) => tensor.name));
  const [withQueries, withKeys] = [holding("query"), holding("key")];
  const modules = new Map<string, { readonly queries: HeadView[]; readonly keys: HeadView[] }>();
  for (const head of heads) {
    const { role } = head.description;
    if (role !== "query" && role !== "key") continue;
    // A fused projection holds its own queries; else both stand in one module.
    const own = modulePath(head.tensor.name);
    const isFused = withQueries.has(head.tensor.name) && withKeys.has(head.tensor.name);
    const module = (isFused ? own : own.slice(0, -1)).join(".");
    const known = modules.get(module) ?? { queries: [], keys: [] };
    modules.set(module, known);
    known[role === "query" ? "queries" : "keys"].push(head);
  }
  return [...modules].flatMap(([module, { queries, keys }]) => {
    const group = queries.length / keys.length;
    if (!Number.isSafeInteger(group) || group < 1) return [];
    return queries.flatMap((query, head): ProductView[] => {
      const key = keys[Math.floor(head / group)]!;
      const [left, right] = [query, key].map((view): FactorView => ({ view, shared: alongOf(view) }));
      const rank = query[left!.shared];
      // Multi-head latent attention has other parts in its queries than in its keys.
      if (key[right!.shared] !== rank) return [];
      const [rows, columns] = [left!, right!].map(({ view, shared }) => (shared === "rows" ? view.columns : view.rows));
      const { description } = query;
      return [
        {
          kind: "attention",
          module,
          role: "query",
          description,
          head: query.head,
          keyHead: key.head,
          left: left!,
          right: right!,
          rows: rows!,
          columns: columns!,
          rank,
        },
      ];
    });
  });
}

/** A tensor's name without its parameter's own. */
function modulePath(name: string): string[] {
  return name.split(".").slice(0, nameParts(name).module.length);
}

/** A head that is a run of columns has the width of the tensor as its pitch, and its own as its columns. */
function alongOf({ columns, pitch }: HeadView): FactorView["shared"] {
  return pitch > columns ? "columns" : "rows";
}
