import { plural, t } from "../text/l10n.ts";
import type { ConfigInitialiser } from "../architecture/config-initialiser.ts";
import { chiSquareCdf } from "../statistics/chi-square.ts";
import { johnStatistic } from "../statistics/john.ts";
import { shuffleTestSide } from "../statistics/shuffle-test.ts";
import type { EntryStatistics } from "../svd/measurement.ts";
import { closenessToNoise, spikesOutsideBulk, type Closeness } from "./closeness.ts";
import {
  chanceEvidence,
  learnedEvidence,
  nearRandomEvidence,
  partlyLearnedEvidence,
  randomEvidence,
} from "./evidence.ts";
import { formatPercent, formatSignificant } from "./format-significant.ts";
import type { Metrics } from "./metrics.ts";
import { combinedPValue, fewestEntries } from "./noise-tests.ts";
import { nonzeroPart } from "./nonzero-part.ts";
import { sides, type Shape } from "./shape.ts";
import { defaultThresholds, type Thresholds } from "./thresholds.ts";
import type { Grade, NoiseTest, Verdict } from "./verdict.ts";

/** What is known of a matrix from elsewhere than its numbers. */
export interface VerdictContext {
  /** Why its numbers cannot be read as weights, in a sentence or a clause; null when they can. */
  readonly unsupported: string | null;
  /** Name of an earlier matrix with the same contents. Untrusted text. */
  readonly duplicateOf: string | null;
  /** What the config says of fresh weights. */
  readonly configInitialiser: ConfigInitialiser | null;
}

export interface VerdictInput {
  readonly shape: Shape;
  /** Null when the entries were not read. */
  readonly entries: EntryStatistics | null;
  /** Descending; empty when an entry is not finite. */
  readonly singularValues: Float64Array;
  readonly metrics: Metrics;
  readonly noise: Metrics;
  readonly tests: readonly NoiseTest[];
  readonly context: VerdictContext;
  /** Those of the product unless a person chose others. */
  readonly thresholds?: Thresholds;
}

/** The one judgement of a matrix: the first grade that applies, in the order of docs/metrics.md, and its evidence. */
export function decideVerdict(input: VerdictInput): Verdict {
  const { shape, entries, tests, context, thresholds = defaultThresholds } = input;
  const pValue = combinedPValue(tests);
  const verdict = (grade: Grade, reason: string): Verdict => ({ grade, pValue, reason, tests });
  if (context.unsupported !== null) return verdict("unsupported", context.unsupported);
  if (entries === null) return verdict("unsupported", t("its entries were not read"));
  const degenerate = degenerateGrade(entries, input);
  if (degenerate !== null) return verdict(degenerate.grade, degenerate.reason);
  if (pValue === null) return verdict("too-small", tooSmallReason(shape));

  const part = nonzeroPart(entries, shape, input.singularValues);
  if (pValue >= thresholds.significance) {
    return verdict("random", randomEvidence(entries, part, shape, tests, context.configInitialiser));
  }
  if (pValue >= conviction * thresholds.significance) return verdict("near-random", chanceEvidence(tests, pValue));
  const closeness = closenessToNoise(part);
  if (isNearNoise(closeness, thresholds)) {
    return verdict("near-random", nearRandomEvidence(closeness, tests));
  }
  const spikes = spikesOutsideBulk(part);
  // Any handful of values would fit: see noise-tests.ts.
  const bulk = spikes === null ? 0 : sides(part.shape).m - spikes.above - spikes.below;
  if (spikes !== null && spikes.bulkFits && spikes.above > 0 && bulk >= shuffleTestSide) {
    return verdict("partly-learned", partlyLearnedEvidence(spikes, sides(part.shape).m));
  }
  return verdict("learned", learnedEvidence(input.metrics, input.noise, sides(shape).m, tests));
}

/**
 * Who asks a thousand random matrices finds ten that the tests reject. So whatever the size of what they show (in small
 * matrices chance alone moves every size by several per cent), nothing is called learned that is not rejected at a tenth
 * of the significance.
 */
const conviction = 0.1;

function isNearNoise(closeness: Closeness, { participation, energy, bulk }: Thresholds): boolean {
  return (
    Math.abs(closeness.participation - 1) <= participation &&
    closeness.energyBeyondEdges < energy &&
    closeness.bulk < bulk
  );
}

/** The classes that need no test. */
function degenerateGrade(
  entries: EntryStatistics,
  { shape, singularValues, context }: VerdictInput,
): { grade: Grade; reason: string } | null {
  const { minimum, maximum } = entries;
  if (entries.nonFinite > 0) {
    return {
      grade: "non-finite",
      reason: plural(
        entries.nonFinite,
        "{0} of {1} entries is not finite (NaN or infinite)",
        "{0} of {1} entries are not finite (NaN or infinite)",
        entries.count,
      ),
    };
  }
  if (minimum === 0 && maximum === 0) return { grade: "zero", reason: t("every entry is zero") };
  if (minimum === maximum) {
    return { grade: "constant", reason: t("every entry equals {0}", formatSignificant(minimum, 6)) };
  }
  if (entries.differsFromIdentity === 0) return { grade: "identity", reason: t("it is exactly the identity matrix") };
  if (isOrthogonal(singularValues, shape)) {
    const [first, last] = [singularValues[0]!, singularValues.at(-1)!];
    const spread = 1 - last / first;
    const found = [singularValues.length, formatSignificant(first)] as const;
    return {
      grade: "orthogonal",
      reason:
        spread < 1e-6
          ? t("all {0} singular values equal {1} to rounding, as an orthogonal initialisation leaves them", ...found)
          : t(
              "all {0} singular values equal {1} to within {2}, as an orthogonal initialisation leaves them",
              ...found,
              formatPercent(spread),
            ),
    };
  }
  if (context.duplicateOf !== null) {
    return { grade: "duplicate", reason: t("it has exactly the same contents as {0}", context.duplicateOf) };
  }
  return null;
}

/**
 * Whether all singular values are equal but for rounding, even to bf16 or fp8: within 10 %, and with less than a
 * twentieth of the spread that independent entries give, which must not be chance (of two values it could be). For
 * those, nmU/2 ~ χ² with (m − 1)(m + 2)/2 degrees of freedom (John 1972).
 */
function isOrthogonal(singularValues: Float64Array, shape: Shape): boolean {
  const { m, n } = sides(shape);
  const first = singularValues[0] ?? 0;
  if (m < 2 || !(singularValues.at(-1)! > 0.9 * first)) return false;
  const spread = n * johnStatistic(singularValues);
  return spread < 0.05 * (m + 1) && chiSquareCdf((spread * m) / 2, ((m - 1) * (m + 2)) / 2) < 1e-4;
}

function tooSmallReason({ rows, columns }: Shape): string {
  if (rows === 1) return t("a single row has no spectrum to compare with noise");
  if (columns === 1) return t("a single column has no spectrum to compare with noise");
  if (rows * columns < fewestEntries) {
    return t("{0} entries are too few to tell from noise; {1} is the least", rows * columns, fewestEntries);
  }
  return t("apart from rows and columns of zeros it is too small to tell from noise");
}
