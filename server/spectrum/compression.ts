import { componentsFor } from "./compute-metrics.ts";
import { sides, type Shape } from "./shape.ts";

/** Shares of the energy that a truncated matrix keeps. */
export const keptShares = [0.6, 0.8, 0.9, 0.95, 0.99] as const;

/** Ranks that a design uses: DeepSeek-V2 squeezes keys and values through 512 dimensions, queries through 1536. */
export const designRanks = [
  { rank: 512, design: "DeepSeek-V2 kv" },
  { rank: 1536, design: "DeepSeek-V2 q" },
] as const;

/** What W ≈ U_r S_r V_rᵀ with the r largest singular values costs and keeps, stored as two factors. */
export interface Truncation {
  readonly rank: number;
  /** Share of ‖W‖²_F that is kept: no rank-r matrix keeps more (Eckart and Young 1936). */
  readonly energy: number;
  /** r·(rows + columns). */
  readonly parameters: number;
  /** Share of the parameters that is saved; negative where the factors are larger than the matrix. */
  readonly saved: number;
}

export interface DesignTruncation extends Truncation {
  /** Who uses this rank, and for what: "DeepSeek-V2 kv". */
  readonly design: string;
}

export interface Compression {
  /** The smallest rank for each of {@link keptShares}. */
  readonly byEnergy: readonly Truncation[];
  /** Those of {@link designRanks} that are below the full rank. */
  readonly byRank: readonly DesignTruncation[];
  /**
   * Singular values below the bulk, more than chance leaves there: the matrix was trained in its small directions too,
   * and energy does not tell what is lost with them.
   */
  readonly smallValuesLeaveBulk: boolean;
}

/** Chance puts at most so many values below the lower edge: see docs/metrics.md. */
const leftByChance = 3;

/**
 * How far a matrix could be compressed by leaving singular values out; null without energy.
 * @param singularValues descending, all finite
 */
export function compressionOf(singularValues: Float64Array, shape: Shape, outliersLeft: number): Compression | null {
  const largest = singularValues[0] ?? 0;
  if (!(largest > 0)) return null;
  const energies = singularValues.map((value) => (value / largest) ** 2);
  const sums = new Float64Array(energies.length + 1);
  for (let i = 0; i < energies.length; i++) sums[i + 1] = sums[i]! + energies[i]!;
  const energy = sums.at(-1)!;
  const { rows, columns } = shape;
  const truncation = (rank: number): Truncation => {
    const parameters = rank * (rows + columns);
    return { rank, energy: sums[rank]! / energy, parameters, saved: 1 - parameters / (rows * columns) };
  };
  return {
    byEnergy: keptShares.map((share) => truncation(componentsFor(share, energies, energy))),
    byRank: designRanks
      .filter(({ rank }) => rank < sides(shape).m)
      .map(({ rank, design }) => ({ ...truncation(rank), design })),
    smallValuesLeaveBulk: outliersLeft > leftByChance,
  };
}
