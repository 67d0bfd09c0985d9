import { t } from "../text/l10n.ts";
import type { ConfigInitialiser } from "../architecture/config-initialiser.ts";
import type { EntryStatistics } from "../svd/measurement.ts";
import { formatSignificant } from "./format-significant.ts";
import { likelyInitialiser, rangeRule, scaledRule, type Initialiser } from "./likely-initialiser.ts";
import { nonzeroPart } from "./nonzero-part.ts";
import type { Shape } from "./shape.ts";

/** What a matrix of a checkpoint probably began as, for a fresh draw to lay beside it. */
export interface FreshInitialiser extends Initialiser {
  /**
   * `entries`: they are consistent with it. They look like nothing fresh, so else `config`: what it says; or,
   * where no config tells, `bulk`: normal entries of the size that the bulk of the spectrum has.
   */
  readonly basis: "entries" | "config" | "bulk";
}

/**
 * The initialiser to compare a matrix with; null where there is none: entries that are not finite, or all zero.
 * @param intoResidual whether its results are added to the residual stream, for which some models draw it smaller
 * @param sigmaBulk the metric of docs/metrics.md
 */
export function freshInitialiser(
  entries: EntryStatistics,
  shape: Shape,
  singularValues: Float64Array,
  {
    configInitialiser: config,
    intoResidual,
    sigmaBulk,
  }: {
    readonly configInitialiser: ConfigInitialiser | null;
    readonly intoResidual: boolean;
    readonly sigmaBulk: number | null;
  },
): FreshInitialiser | null {
  if (entries.nonFinite > 0 || !(entries.frobeniusNorm > 0)) return null;
  const likely = likelyInitialiser(entries, nonzeroPart(entries, shape, singularValues), config);
  if (likely !== null) return { ...likely, basis: "entries" };
  if (config !== null) {
    const [sigma, name] =
      intoResidual && config.scalesResidual ? (scaledRule(config) ?? rangeRule(config)) : rangeRule(config);
    return {
      distribution: "normal",
      sigma,
      words: `${t("N(0, {0}²)", formatSignificant(sigma))}, ${name}`,
      basis: "config",
    };
  }
  // More than half of the values are zero: then the entries alone tell a size.
  const bulk = sigmaBulk !== null && sigmaBulk > 0;
  const sigma = bulk ? sigmaBulk : entries.frobeniusNorm / Math.sqrt(shape.rows * shape.columns);
  const size = bulk ? t("of the size of its bulk") : t("of the size of its entries");
  const words = `${t("N(0, {0}²)", formatSignificant(sigma))}, ${size}`;
  return { distribution: "normal", sigma, words, basis: "bulk" };
}
