/** The parts of fused weights: queries, keys and values in one tensor, gate and up projections in one. */
import { groupBy } from "../collections/group-by.ts";
import type { Architecture, MatrixView } from "./architecture.ts";
import { families, type FusedLayout } from "./families.ts";
import type { HeadView } from "./heads.ts";
import { placeOfPart, type MatrixPart } from "./matrices.ts";
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
    const whole: MatrixPart = { row: 0, column: 0, rows: matrix.rows, columns: matrix.columns, step: 1 };
    return ranges.map(({ role, ...range }): PartView => {
      let id = `${matrix.id}#${role}`;
      // Another tensor may have just this name.
      while (taken.has(id)) id += "′";
      return {
        id,
        tensor,
        description: { ...description, role },
        expert: matrix.expert,
        ...placeOfPart(matrix, { ...whole, ...range }),
        part: role,
      };
    });
  });
}

type Run = Partial<MatrixPart> & { readonly role: Role };

/** Heads of one role after the other make one matrix; none where other heads lie between them. */
function runsOf(heads: readonly HeadView[]): Run[] {
  const runs: Run[] = [];
  for (const [role, own] of groupBy(heads, ({ description }) => description.role)) {
    const { start, rows, columns, pitch } = own[0]!;
    const byRows = columns === pitch;
    const size = byRows ? rows : columns;
    if (own.some((head, index) => head.start !== start + index * size)) return [];
    const all = own.length * size;
    runs.push({ role, ...(byRows ? { row: start, rows: all } : { column: start, columns: all }) });
  }
  return runs;
}

function halves({ rows, columns, quantisation }: MatrixView, layout: FusedLayout): Run[] {
  // gpt-oss turns its weights round when it unpacks them: packed, rows take turns.
  if (layout === "interleaved" && quantisation === undefined) return [];
  const along = layout === "columns" ? columns : rows;
  if (along % 2 !== 0) return [];
  const half = along / 2;
  switch (layout) {
    case "interleaved":
      return [
        { role: "gate", rows: half, step: 2 },
        { role: "up", row: 1, rows: half, step: 2 },
      ];
    case "rows":
      return [
        { role: "gate", rows: half },
        { role: "up", row: half, rows: half },
      ];
    case "columns":
      return [
        { role: "gate", columns: half },
        { role: "up", column: half, columns: half },
      ];
  }
}
