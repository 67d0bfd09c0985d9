import type { Role } from "../architecture/role.ts";
import { sides, type Shape } from "./shape.ts";

/** The mean spectrum of the matrices of one role and shape, each in units of its own noise. */
export interface AverageSpectrum {
  readonly role: Role;
  readonly shape: readonly [rows: number, columns: number];
  readonly matrices: number;
  /** Mean over the matrices of sᵢ/(σ√n), σ = ‖W‖_F/√(mn), for each i; descending. */
  readonly singularValues: readonly number[];
}

/** Averages spectra over blocks, one matrix at a time: what is particular to a block goes, what training does to a role stays. */
export class AverageSpectra {
  readonly #sums = new Map<
    string,
    { readonly role: Role; readonly shape: Shape; readonly sum: Float64Array; count: number }
  >();

  /** @param singularValues min(rows, columns) of them, descending; those of a matrix without energy are passed over. */
  add(role: Role, shape: Shape, singularValues: Float64Array): void {
    const { m } = sides(shape);
    const largest = singularValues[0] ?? 0;
    if (singularValues.length !== m || !(largest > 0) || !Number.isFinite(largest)) return;
    let squares = 0;
    for (const value of singularValues) squares += (value / largest) ** 2;
    // σ√n = ‖W‖_F/√m.
    const unit = largest * Math.sqrt(squares / m);
    const key = `${role} ${shape.rows}×${shape.columns}`;
    const known = this.#sums.get(key) ?? { role, shape, sum: new Float64Array(m), count: 0 };
    this.#sums.set(key, known);
    known.count++;
    for (let i = 0; i < m; i++) known.sum[i]! += singularValues[i]! / unit;
  }

  /** In the order in which roles and shapes first came; only where there were at least two matrices. */
  get results(): AverageSpectrum[] {
    return [...this.#sums.values()]
      .filter(({ count }) => count > 1)
      .map(({ role, shape, sum, count }) => ({
        role,
        shape: [shape.rows, shape.columns],
        matrices: count,
        singularValues: Array.from(sum, (value) => value / count),
      }));
  }
}
