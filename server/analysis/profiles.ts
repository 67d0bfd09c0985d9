/** A checkpoint across its depth: every metric by role and layer, rankings, and how far each role has left its noise. Pure. */
import type { Role } from "../architecture/role.ts";
import { metricKeys, type MetricKey } from "../spectrum/metrics.ts";
import type { JudgedMatrix } from "./summary.ts";

/** One role along depth: a row of the role × layer grid. */
export interface RoleProfile {
  readonly role: Role;
  readonly layers: readonly number[];
  /** How many matrices each layer has of the role: more than one with experts, or cross-attention. */
  readonly matrices: readonly number[];
  /** For each layer the median over its matrices; null where none has the metric. */
  readonly values: Readonly<Record<MetricKey, readonly (number | null)[]>>;
  /** The same of what noise of their shape and size would give. */
  readonly noise: Readonly<Record<MetricKey, readonly (number | null)[]>>;
}

/** A matrix in a ranking. */
export interface Ranked {
  readonly name: string;
  readonly role: Role;
  readonly layer: number | null;
  /** What the ranking goes by; see {@link Profiles}. */
  readonly score: number;
}

/** How far training has taken the matrices of one role from noise. */
export interface Learning {
  readonly role: Role;
  readonly matrices: number;
  /**
   * Median of 1 − participation ratio over its noise value: near 0 where the noise is nearly all there is (lazy learning),
   * near 1 where a few directions are (feature learning); negative for a spectrum flatter than noise's.
   */
  readonly departure: number;
  /** Median share of the singular values above the upper edge. */
  readonly outliers: number;
}

export interface Profiles {
  /** Roles in the order in which they first occur. */
  readonly roles: readonly RoleProfile[];
  /** Closest to noise first, by |ln(participation ratio over its noise value)|. */
  readonly mostRandom: readonly Ranked[];
  /** Lowest first, by effective rank over its noise value. */
  readonly lowestRank: readonly Ranked[];
  /** Furthest first. */
  readonly learning: readonly Learning[];
}

const rankingLength = 20;

export function profilesOf(matrices: readonly JudgedMatrix[]): Profiles {
  const byRole = new Map<Role, JudgedMatrix[]>();
  for (const matrix of matrices) {
    const known = byRole.get(matrix.role);
    if (known === undefined) byRole.set(matrix.role, [matrix]);
    else known.push(matrix);
  }
  return {
    roles: [...byRole].flatMap(([role, members]) => roleProfile(role, members) ?? []),
    mostRandom: ranking(matrices, (matrix) => {
      const ratio = overNoise(matrix, "participationRatio");
      return ratio === null ? null : Math.abs(Math.log(ratio));
    }),
    lowestRank: ranking(matrices, (matrix) => overNoise(matrix, "effectiveRank")),
    learning: [...byRole]
      .flatMap(([role, members]) => learningOf(role, members) ?? [])
      .sort((a, b) => b.departure - a.departure),
  };
}

/** Null for a role outside blocks. */
function roleProfile(role: Role, members: readonly JudgedMatrix[]): RoleProfile | null {
  const byLayer = new Map<number, JudgedMatrix[]>();
  for (const matrix of members) {
    if (matrix.layer === null) continue;
    byLayer.set(matrix.layer, [...(byLayer.get(matrix.layer) ?? []), matrix]);
  }
  if (byLayer.size === 0) return null;
  const layers = [...byLayer.keys()].sort((a, b) => a - b);
  const along = (kind: "metrics" | "noise"): Record<MetricKey, (number | null)[]> =>
    Object.fromEntries(
      metricKeys.map((key) => [
        key,
        layers.map((layer) => median(byLayer.get(layer)!.flatMap((matrix) => matrix[kind][key] ?? []))),
      ]),
    ) as Record<MetricKey, (number | null)[]>;
  return {
    role,
    layers,
    matrices: layers.map((layer) => byLayer.get(layer)!.length),
    values: along("metrics"),
    noise: along("noise"),
  };
}

function learningOf(role: Role, members: readonly JudgedMatrix[]): Learning | null {
  const ratios = members.flatMap((matrix) => overNoise(matrix, "participationRatio") ?? []);
  if (ratios.length === 0) return null;
  const outliers = members.flatMap(({ metrics, rows, columns }) =>
    metrics.outliersRight === null ? [] : metrics.outliersRight / Math.min(rows, columns),
  );
  return {
    role,
    matrices: ratios.length,
    departure: 1 - median(ratios)!,
    outliers: median(outliers) ?? 0,
  };
}

/** Lowest score first; at equal scores the checkpoint's order. */
function ranking(matrices: readonly JudgedMatrix[], scoreOf: (matrix: JudgedMatrix) => number | null): Ranked[] {
  return matrices
    .flatMap((matrix) => {
      const score = scoreOf(matrix);
      return score === null ? [] : [{ name: matrix.id, role: matrix.role, layer: matrix.layer, score }];
    })
    .sort((a, b) => a.score - b.score)
    .slice(0, rankingLength);
}

function overNoise({ metrics, noise }: JudgedMatrix, key: MetricKey): number | null {
  const [value, chance] = [metrics[key], noise[key]];
  return value === null || chance === null || !(value > 0) || !(chance > 0) ? null : value / chance;
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
}
