/** The sentences behind the grades. They say what was measured, never whether it is good: a flat spectrum is not bad. */
import { plural, t } from "../text/l10n.ts";
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
const findings: Readonly<Record<NoiseTest["name"], () => string>> = {
  john: () => t("its squared singular values spread otherwise than noise's"),
  largest: () => t("its largest singular value is too large for noise"),
  smallest: () => t("its smallest singular value is too small for noise"),
  bulk: () => t("its singular values are distributed otherwise than noise's"),
  rows: () => t("the norms of its rows differ too much for noise"),
  columns: () => t("the norms of its columns differ too much for noise"),
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
      ? t("entries of standard deviation {0}", formatSignificant(part.sigma))
      : t("consistent with {0}", initialiser.words),
    // Baik, Ben Arous and Péché: a direction of energy θ² leaves the bulk when θ² > σ²√(mn), out of mnσ².
    t("a single learned direction would show from {0} of the energy on", formatPercent(1 / Math.sqrt(m * n))),
  ].join("; ");
}

function nothingFound(tests: readonly NoiseTest[]): string {
  const find = (name: NoiseTest["name"]): NoiseTest | undefined => tests.find((test) => test.name === name);
  const [john, largest] = [find("john"), find("largest")];
  // Small matrices have no bulk distance and no asymptotics: see noise-tests.ts.
  if (john === undefined || largest === undefined || find("bulk") === undefined) {
    return t("no structure that shuffling its entries would destroy ({0})", formatPValue(combinedPValue(tests) ?? 1));
  }
  return t(
    "spectrum within Marchenko–Pastur: John z {0}, largest value {1} Tracy–Widom units",
    formatSignificant(john.statistic, 2),
    formatSignificant(largest.statistic, 2),
  );
}

function exceptZeros(nonzero: Shape, shape: Shape): string {
  const rows = plural(shape.rows - nonzero.rows, "{0} row", "{0} rows");
  const columns = plural(shape.columns - nonzero.columns, "{0} column", "{0} columns");
  if (nonzero.rows < shape.rows && nonzero.columns < shape.columns) {
    return `, ${t("leaving out {0} and {1} of zeros", rows, columns)}`;
  }
  if (nonzero.rows < shape.rows) return `, ${t("leaving out {0} of zeros", rows)}`;
  return nonzero.columns < shape.columns ? `, ${t("leaving out {0} of zeros", columns)}` : "";
}

export function nearRandomEvidence(closeness: Closeness, tests: readonly NoiseTest[]): string {
  const strongest = strongestTest(tests);
  return t(
    "close to noise but not noise: {0} ({1}), while the participation ratio is {2} of noise's and {3} of the energy lies beyond the noise edges",
    findings[strongest.name](),
    formatPValue(strongest.pValue),
    formatSignificant(closeness.participation),
    formatPercent(closeness.energyBeyondEdges),
  );
}

/** Of what chance would explain as well. */
export function chanceEvidence(tests: readonly NoiseTest[], pValue: number): string {
  return t(
    "hardly to be told from chance: {0}, as about one random matrix in {1} shows by one of the {2} tests",
    findings[strongestTest(tests).name](),
    Math.round(1 / pValue),
    tests.length,
  );
}

export function partlyLearnedEvidence(spikes: Spikes, m: number): string {
  const bulk = m - spikes.above - spikes.below;
  const energy = formatPercent(spikes.energy);
  return spikes.below > 0
    ? plural(
        spikes.above,
        "{0} singular value above and {1} below a Marchenko–Pastur bulk of {2}, with {3} of the energy",
        "{0} singular values above and {1} below a Marchenko–Pastur bulk of {2}, with {3} of the energy",
        spikes.below,
        bulk,
        energy,
      )
    : plural(
        spikes.above,
        "{0} singular value above a Marchenko–Pastur bulk of {1}, with {2} of the energy",
        "{0} singular values above a Marchenko–Pastur bulk of {1}, with {2} of the energy",
        bulk,
        energy,
      );
}

export function learnedEvidence(metrics: Metrics, noise: Metrics, m: number, tests: readonly NoiseTest[]): string {
  const above = metrics.outliersRight ?? 0;
  const strongest = strongestTest(tests);
  const lead =
    above > 0
      ? plural(above, "{0} singular value above the noise edge", "{0} singular values above the noise edge")
      : `${findings[strongest.name]()} (${formatPValue(strongest.pValue)})`;
  return t(
    "{0}; 90 % of the energy in {1} of {2} directions (noise {3})",
    lead,
    metrics.energy90 ?? 0,
    m,
    noise.energy90 ?? 0,
  );
}

function strongestTest(tests: readonly NoiseTest[]): NoiseTest {
  return tests.reduce((strongest, test) => (test.pValue < strongest.pValue ? test : strongest));
}
