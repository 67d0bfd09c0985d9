/** The sentences behind the grades. They say what was measured, never whether it is good: a flat spectrum is not bad. */
import type { ConfigInitialiser } from "../architecture/config-initialiser.ts";
import type { EntryStatistics } from "../svd/measurement.ts";
import type { Closeness, Spikes } from "./closeness.ts";
import { formatPercent, formatPValue, formatSignificant } from "./format-significant.ts";
import { likelyInitialiser } from "./likely-initialiser.ts";
import type { Metrics } from "./metrics.ts";
import type { NonzeroPart } from "./nonzero-part.ts";
import { combinedPValue } from "./noise-tests.ts";
import { sides, type Shape } from "./shape.ts";
import type { NoiseTest } from "./verdict.ts";

/** What each test found when it rejects. */
const findings: Readonly<Record<NoiseTest["name"], string>> = {
  john: "its squared singular values spread otherwise than noise's",
  largest: "its largest singular value is too large for noise",
  smallest: "its smallest singular value is too small for noise",
  bulk: "its singular values are distributed otherwise than noise's",
  rows: "the norms of its rows differ too much for noise",
  columns: "the norms of its columns differ too much for noise",
};

export function randomEvidence(
  entries: EntryStatistics,
  part: NonzeroPart,
  shape: Shape,
  tests: readonly NoiseTest[],
  configInitialiser: ConfigInitialiser | null,
): string {
  const { m, n } = sides(part.shape);
  const initialiser = likelyInitialiser(entries, part, configInitialiser);
  return [
    nothingFound(tests) + exceptZeros(part.shape, shape),
    initialiser === null
      ? `entries of standard deviation ${formatSignificant(part.sigma)}`
      : `consistent with ${initialiser.words}`,
    // Baik, Ben Arous and Péché: a direction of energy θ² leaves the bulk when θ² > σ²√(mn), out of mnσ².
    `a single learned direction would show from ${formatPercent(1 / Math.sqrt(m * n))} of the energy on`,
  ].join("; ");
}

function nothingFound(tests: readonly NoiseTest[]): string {
  const find = (name: NoiseTest["name"]): NoiseTest | undefined => tests.find((test) => test.name === name);
  const [john, largest] = [find("john"), find("largest")];
  // Small matrices have no bulk distance and no asymptotics: see noise-tests.ts.
  if (john === undefined || largest === undefined || find("bulk") === undefined) {
    return `no structure that shuffling its entries would destroy (${formatPValue(combinedPValue(tests) ?? 1)})`;
  }
  return (
    `spectrum within Marchenko–Pastur: John z ${formatSignificant(john.statistic, 2)}, ` +
    `largest value ${formatSignificant(largest.statistic, 2)} Tracy–Widom units`
  );
}

function exceptZeros(nonzero: Shape, shape: Shape): string {
  const empty = [
    ...(nonzero.rows < shape.rows ? [count(shape.rows - nonzero.rows, "row")] : []),
    ...(nonzero.columns < shape.columns ? [count(shape.columns - nonzero.columns, "column")] : []),
  ];
  return empty.length === 0 ? "" : `, leaving out ${empty.join(" and ")} of zeros`;
}

export function nearRandomEvidence(closeness: Closeness, tests: readonly NoiseTest[]): string {
  const strongest = strongestTest(tests);
  return (
    `close to noise but not noise: ${findings[strongest.name]} (${formatPValue(strongest.pValue)}), while the participation ` +
    `ratio is ${formatSignificant(closeness.participation)} of noise's and ${formatPercent(closeness.energyBeyondEdges)} ` +
    "of the energy lies beyond the noise edges"
  );
}

export function partlyLearnedEvidence(spikes: Spikes, m: number): string {
  const below = spikes.below > 0 ? ` and ${spikes.below} below` : "";
  return (
    `${count(spikes.above, "singular value")} above${below} a Marchenko–Pastur bulk of ${m - spikes.above - spikes.below}, ` +
    `with ${formatPercent(spikes.energy)} of the energy`
  );
}

export function learnedEvidence(metrics: Metrics, noise: Metrics, m: number, tests: readonly NoiseTest[]): string {
  const above = metrics.outliersRight ?? 0;
  const strongest = strongestTest(tests);
  const lead =
    above > 0
      ? `${count(above, "singular value")} above the noise edge`
      : `${findings[strongest.name]} (${formatPValue(strongest.pValue)})`;
  return `${lead}; 90 % of the energy in ${metrics.energy90 ?? 0} of ${m} directions (noise ${noise.energy90 ?? 0})`;
}

function strongestTest(tests: readonly NoiseTest[]): NoiseTest {
  return tests.reduce((strongest, test) => (test.pValue < strongest.pValue ? test : strongest));
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
