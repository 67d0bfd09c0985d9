import { metricKeys, type MetricKey } from "../server/spectrum/metrics.ts";

/** What the view remembers while it is hidden, and when the window is opened again. */
export type Selection =
  | { readonly kind: "nothing" }
  | { readonly kind: "group"; readonly key: string }
  | { readonly kind: "tensor"; readonly name: string; readonly slice: number | null };

export interface ViewState {
  /** The checkpoint it was remembered for. */
  readonly path: string;
  readonly selection: Selection;
  readonly expanded: readonly string[];
  readonly search: string;
  readonly scroll: number;
  /** The tree's share of the window, from 0 to 1. */
  readonly split: number;
  /** What is shown of the whole checkpoint. */
  readonly metric: MetricKey;
  /** Which of the switches and folds are on, by name. */
  readonly switches: Readonly<Record<string, boolean>>;
}

export const initialState: ViewState = {
  path: "",
  selection: { kind: "nothing" },
  expanded: [],
  search: "",
  scroll: 0,
  split: 0.42,
  metric: "effectiveRank",
  switches: {},
};

function isSelection(value: unknown): value is Selection {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  if (value.kind === "nothing") return true;
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
    scroll: typeof state.scroll === "number" ? state.scroll : initialState.scroll,
    split: typeof state.split === "number" ? Math.min(0.85, Math.max(0.15, state.split)) : initialState.split,
    metric: metricKeys.find((key) => key === state.metric) ?? initialState.metric,
    switches: Object.fromEntries(switches.filter((entry): entry is [string, boolean] => typeof entry[1] === "boolean")),
  };
}
