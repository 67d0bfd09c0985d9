/** The parts of fused weights: queries, keys and values in one tensor, gate and up projections in one. */
import { dtypeBits } from "../checkpoint/dtype.ts";
import { groupBy } from "../collections/group-by.ts";
import type { Architecture, MatrixView } from "./architecture.ts";
import { families, type FusedLayout } from "./families.ts";
import type { HeadView } from "./heads.ts";
import type { Role } from "./role.ts";

/** A run of whole rows, or of columns, of a fused weight that is a projection of its own. */
export interface PartView extends MatrixView {
  /** The projection; the description has the same role. */
  readonly part: Role;
  readonly pitch: number;
}

/**
 * The parts of every fused weight that lie in one run each, in the checkpoint's order. Those of grouped layouts, in which
 * queries, keys and values take turns, have only heads.
 * @param heads all heads of the checkpoint: they tell where queries end and keys begin
 */
export function partViews(architecture: Architecture, heads: readonly HeadView[]): PartView[] {
  const byTensor = groupBy(heads, ({ tensor }) => tensor.name);
  const taken = new Set(architecture.matrices.map(({ tensor }) => tensor.name));
  const family = families.find(({ name }) => name === architecture.family);
  return architecture.matrices.flatMap((matrix) => {
    const { tensor, description } = matrix;
    if (description.unsupported !== null) return [];
    const ranges =
      description.role === "qkv"
        ? runsOf(byTensor.get(tensor.name) ?? [])
        : description.role === "gate-up"
          ? halves(matrix, family?.gateUp ?? "rows")
          : [];
    return ranges.map(({ role, ...range }): PartView => {
      let id = `${matrix.id}#${role}`;
      // Another tensor may have just this name.
      while (taken.has(id)) id += "′";
      return {
        id,
        tensor,
        description: { ...description, role },
        expert: matrix.expert,
        pitch: matrix.columns,
        part: role,
        ...range,
      };
    });
  });
}

type Run = Pick<MatrixView, "rows" | "columns" | "begin" | "end"> & { readonly role: Role };

/** Heads of one role after the other make one matrix; none where other heads lie between them. */
function runsOf(heads: readonly HeadView[]): Run[] {
  const runs: Run[] = [];
  for (const [role, own] of groupBy(heads, ({ description }) => description.role)) {
    const first = own[0]!;
    const last = own.at(-1)!;
    const byRows = first.columns === first.pitch;
    const step = ((byRows ? first.rows * first.pitch : first.columns) * dtypeBits[first.tensor.dtype]) / 8;
    if (own.some(({ begin }, index) => begin !== first.begin + index * step)) return [];
    runs.push({
      role,
      rows: byRows ? own.length * first.rows : first.rows,
      columns: byRows ? first.columns : own.length * first.columns,
      begin: first.begin,
      end: last.end,
    });
  }
  return runs;
}

function halves({ tensor, rows, columns, begin, end }: MatrixView, layout: FusedLayout): Run[] {
  const along = layout === "rows" ? rows : columns;
  if (layout === "interleaved" || along % 2 !== 0) return [];
  const bytes = dtypeBits[tensor.dtype] / 8;
  if (layout === "rows") {
    const middle = begin + (rows / 2) * columns * bytes;
    const half = { rows: rows / 2, columns };
    return [
      { role: "gate", ...half, begin, end: middle },
      { role: "up", ...half, begin: middle, end },
    ];
  }
  const half = { rows, columns: columns / 2 };
  const width = half.columns * bytes;
  return [
    { role: "gate", ...half, begin, end: end - width },
    { role: "up", ...half, begin: begin + width, end },
  ];
}
