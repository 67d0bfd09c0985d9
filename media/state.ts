import { roles, type Role } from "../server/architecture/role.ts";
import { metricKeys, type MetricKey } from "../server/spectrum/metrics.ts";
import { clampWidth, defaultColumns, isColumn, type ColumnKey, type ColumnWidths } from "./model/columns.ts";
import { noFacets, restoreFacets, type Facets } from "./model/search.ts";
import type { Sort } from "./model/sort.ts";

/** What the view remembers while it is hidden, and when the window is opened again. */
export type Selection =
  | { readonly kind: "nothing" }
  | { readonly kind: "group"; readonly key: string }
  | { readonly kind: "tensor"; readonly name: string; readonly slice: number | null }
  /** A head or a part of a fused weight, by its id; `name` is the tensor's. */
  | { readonly kind: "portion"; readonly name: string; readonly id: string }
  /** The attention heads of a block, or, with null, of the whole checkpoint. */
  | { readonly kind: "heads"; readonly block: string | null }
  /** Several tensors, to be compared. */
  | { readonly kind: "tensors"; readonly names: readonly string[] }
  /** Several matrices or heads, by their ids, to be compared. */
  | { readonly kind: "matrices"; readonly ids: readonly string[] }
  /** The matrices of one role over the layers of one stack of blocks (empty where there is one); `ends`: the first and last so many. */
  | { readonly kind: "role"; readonly role: Role; readonly stack: string; readonly ends: number | null };

export interface ViewState {
  /** The checkpoint it was remembered for. */
  readonly path: string;
  readonly selection: Selection;
  readonly expanded: readonly string[];
  readonly search: string;
  /** The search is a regular expression. */
  readonly expression: boolean;
  readonly facets: Facets;
  /** Columns of the tree beside the names. */
  readonly columns: readonly ColumnKey[];
  /** Of columns that are not as wide as everybody's. */
  readonly widths: ColumnWidths;
  /** Null for the tree in its own order. */
  readonly sort: Sort | null;
  readonly scroll: number;
  /** The tree's share of the window, from 0 to 1. */
  readonly split: number;
  /** What is shown of the whole checkpoint. */
  readonly metric: MetricKey;
  /** The role whose heads are shown. */
  readonly headRole: Role;
  /** Which of the switches and folds are on, by name. */
  readonly switches: Readonly<Record<string, boolean>>;
}

export const initialState: ViewState = {
  path: "",
  selection: { kind: "nothing" },
  expanded: [],
  search: "",
  expression: false,
  facets: noFacets,
  columns: defaultColumns,
  widths: {},
  sort: null,
  scroll: 0,
  split: 0.42,
  metric: "effectiveRank",
  headRole: "query",
  switches: {},
};

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function isSort(value: unknown): value is Sort {
  if (typeof value !== "object" || value === null || !("by" in value) || !("descending" in value)) return false;
  return (value.by === "name" || isColumn(value.by)) && typeof value.descending === "boolean";
}

function restoreWidths(value: unknown): ColumnWidths {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, width]: [string, unknown]) =>
      isColumn(key) && typeof width === "number" && Number.isFinite(width) ? [[key, clampWidth(width)]] : [],
    ),
  );
}

function isSelection(value: unknown): value is Selection {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  if (value.kind === "nothing") return true;
  if (value.kind === "tensors") return "names" in value && isTexts(value.names);
  if (value.kind === "matrices") return "ids" in value && isTexts(value.ids);
  if (value.kind === "role") {
    if (!("role" in value) || !("stack" in value) || !("ends" in value)) return false;
    const known = (roles as readonly unknown[]).includes(value.role) && typeof value.stack === "string";
    return known && (value.ends === null || typeof value.ends === "number");
  }
  if (value.kind === "portion") {
    return "name" in value && typeof value.name === "string" && "id" in value && typeof value.id === "string";
  }
  if (value.kind === "heads") return "block" in value && (value.block === null || typeof value.block === "string");
  if (value.kind === "group") return "key" in value && typeof value.key === "string";
  if (value.kind !== "tensor" || !("name" in value) || !("slice" in value)) return false;
  return typeof value.name === "string" && (value.slice === null || typeof value.slice === "number");
}

/** What VS Code kept, which an older version may have written: whatever does not fit is replaced by its default. */
export function restoreState(kept: unknown): ViewState {
  if (typeof kept !== "object" || kept === null) return initialState;
  const state: Partial<Record<keyof ViewState, unknown>> = kept;
  const switches = typeof state.switches === "object" && state.switches !== null ? Object.entries(state.switches) : [];
  return {
    path: typeof state.path === "string" ? state.path : initialState.path,
    selection: isSelection(state.selection) ? state.selection : initialState.selection,
    expanded: Array.isArray(state.expanded) ? state.expanded.filter((key) => typeof key === "string") : [],
    search: typeof state.search === "string" ? state.search : initialState.search,
    expression: state.expression === true,
    facets: restoreFacets(state.facets),
    columns: Array.isArray(state.columns) ? state.columns.filter(isColumn) : initialState.columns,
    widths: restoreWidths(state.widths),
    sort: isSort(state.sort) ? state.sort : null,
    scroll: typeof state.scroll === "number" ? state.scroll : initialState.scroll,
    split: typeof state.split === "number" ? Math.min(0.85, Math.max(0.15, state.split)) : initialState.split,
    metric: metricKeys.find((key) => key === state.metric) ?? initialState.metric,
    headRole: roles.find((role) => role === state.headRole) ?? initialState.headRole,
    switches: Object.fromEntries(switches.filter((entry): entry is [string, boolean] => typeof entry[1] === "boolean")),
  };
}
