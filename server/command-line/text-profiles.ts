import { counted } from "./counted.ts";
import type { Profiles } from "../analysis/profiles.ts";
import { formatNumber, printable } from "../text/format.ts";

/** Layers that a line has room for. */
const mostLayers = 12;
const ranked = 5;

/** What comparing the matrices of a checkpoint tells, as lines; none where there is nothing to compare. */
export function profileLines({ roles, learning, mostRandom, lowestRank }: Profiles): string[] {
  if (learning.length === 0) return [];
  const lines = [
    "",
    "By role: how far training has left noise (1 − participation ratio over noise's), and values above its edge",
    `  ${"ROLE".padEnd(12)}${"LEFT".padStart(8)}${"ABOVE".padStart(8)}`,
    ...learning.map(
      ({ role, matrices, departure, outliers }) =>
        `  ${role.padEnd(12)}${percent(departure).padStart(8)}${percent(outliers).padStart(8)}  ${counted(matrices, "matrix", "matrices")}`,
    ),
  ];
  const deep = roles.filter(({ layers }) => layers.length > 1);
  if (deep.length > 0) {
    lines.push("", "Effective rank over noise's, by layer");
    const all = [...new Set(deep.flatMap(({ layers }) => layers))].sort((a, b) => a - b);
    const shown = evenly(all, mostLayers);
    lines.push(`  ${"LAYER".padEnd(12)}${shown.map((layer) => String(layer).padStart(9)).join("")}`);
    for (const { role, layers, values, noise } of deep) {
      const cells = shown.map((layer) => {
        const i = layers.indexOf(layer);
        const [value, chance] = [values.effectiveRank[i] ?? null, noise.effectiveRank[i] ?? null];
        return (value === null || chance === null ? "–" : percent(value / chance)).padStart(9);
      });
      lines.push(`  ${role.padEnd(12)}${cells.join("")}`);
    }
  }
  for (const [title, list] of [
    ["Closest to noise (|ln| of the participation ratio over noise's)", mostRandom],
    ["Lowest rank for its shape (effective rank over noise's)", lowestRank],
  ] as const) {
    lines.push("", title);
    lines.push(
      ...list.slice(0, ranked).map(({ name, score }) => `  ${formatNumber(score).padStart(8)}  ${printable(name)}`),
    );
  }
  return lines;
}

/** At most so many, the first and the last among them. */
function evenly(layers: readonly number[], most: number): number[] {
  const count = Math.min(most, layers.length);
  return Array.from(
    { length: count },
    (_, i) => layers[Math.round((i * (layers.length - 1)) / Math.max(1, count - 1))]!,
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
