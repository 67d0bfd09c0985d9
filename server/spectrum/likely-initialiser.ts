import { t } from "../text/l10n.ts";
import type { ConfigInitialiser } from "../architecture/config-initialiser.ts";
import { truncatedNormalSigma } from "../statistics/normal.ts";
import type { EntryStatistics } from "../svd/measurement.ts";
import { formatSignificant } from "./format-significant.ts";
import type { NonzeroPart } from "./nonzero-part.ts";

/** A standard deviation that an initialiser would give, and the words for it. */
type Known = readonly [sigma: number, name: string];

/** The rule of the config itself. */
export function rangeRule({ range }: ConfigInitialiser): Known {
  return [range, t("the config's initializer_range")];
}

/** The scaled rule for projections into the residual stream; null where the config does not count its layers. */
export function scaledRule({ residual }: ConfigInitialiser): Known | null {
  return residual === null
    ? null
    : [
        residual.sigma,
        t("the config's initializer_range/√(2·{0}) of projections into the residual stream", residual.layers),
      ];
}

/** How fresh entries are drawn, independently of each other. */
export interface Initialiser {
  /** `truncated-normal`: cut at twice the standard deviation that it had before the cut. */
  readonly distribution: "normal" | "truncated-normal" | "uniform";
  /** Standard deviation of the entries. */
  readonly sigma: number;
  /** Such as "N(0, 0.02²), the config's initializer_range". */
  readonly words: string;
}

/**
 * Names the initialiser whose entries these could be, from their σ, their excess kurtosis (0 normal, −1.2 uniform, −0.63
 * normal truncated at 2σ) and their largest absolute value: "N(0, 0.02²), the config's initializer_range". Null when the
 * entries look like none of the three. Weights are taken for [out, in], fan_in being the columns.
 */
export function likelyInitialiser(
  entries: EntryStatistics,
  part: NonzeroPart,
  config: ConfigInitialiser | null,
): Initialiser | null {
  const { sigma, excessKurtosis, shape } = part;
  const fanIn = shape.columns;
  const fans = shape.rows + shape.columns;
  const count = shape.rows * shape.columns;
  if (!(sigma > 0) || Math.abs(entries.mean) > (5 * sigma) / Math.sqrt(count)) return null;

  const extreme = Math.max(Math.abs(entries.minimum), Math.abs(entries.maximum)) / sigma;
  // Four standard errors, and a little for entries that were rounded to few bits.
  const kurtosisIs = (value: number): boolean => Math.abs(excessKurtosis - value) <= 0.02 + 4 * Math.sqrt(24 / count);
  const tolerance = 0.002 + 3 * Math.sqrt((2 + Math.max(excessKurtosis, -1.2)) / (4 * count));
  // From few entries nearly every σ is consistent with some rule: then only the config's is named.
  const matching = (told: readonly Known[], rules: readonly Known[]): Known | undefined =>
    [...told, ...(tolerance < 0.03 ? rules : [])].find(([value]) => Math.abs(sigma - value) <= tolerance * sigma);
  const named = (told: readonly Known[], rules: readonly Known[]): string => {
    const match = matching(told, rules);
    return match === undefined ? "" : `, ${match[1]}`;
  };
  const told = config === null ? [] : [rangeRule(config), scaledRule(config)].filter((rule) => rule !== null);

  if (kurtosisIs(-1.2) && extreme < Math.sqrt(3) * 1.06) {
    const name = named(
      [],
      [
        [1 / Math.sqrt(3 * fanIn), t("the ±1/√fan_in of nn.Linear")],
        [Math.sqrt(2 / fans), t("Glorot's ±√(6/(fan_in + fan_out))")],
        [Math.sqrt(2 / fanIn), t("Kaiming's ±√(6/fan_in)")],
      ],
    );
    return { distribution: "uniform", sigma, words: `U(±${formatSignificant(sigma * Math.sqrt(3))})${name}` };
  }
  if (kurtosisIs(-0.63) && extreme < (2 / truncatedNormalSigma) * 1.04) {
    // Libraries differ in whether σ is meant before or after the cut.
    const cut = told.flatMap(([value, words]) =>
      [1, truncatedNormalSigma].map((factor): Known => [value * factor, words]),
    );
    const name = named(cut, [[1 / Math.sqrt(fanIn), t("LeCun's 1/√fan_in")]]);
    const words = `${t("a normal distribution of standard deviation {0} truncated at 2σ", formatSignificant(sigma))}${name}`;
    return { distribution: "truncated-normal", sigma, words };
  }
  if (!kurtosisIs(0)) return null;
  const match = matching(told, [
    ...(config === null ? [[0.02, t("the usual initializer_range")] as const] : []),
    [1, t("the default of nn.Embedding")],
    [Math.sqrt(2 / fans), t("Glorot's √(2/(fan_in + fan_out))")],
    [Math.sqrt(2 / fanIn), t("Kaiming's √(2/fan_in)")],
    [1 / Math.sqrt(fanIn), t("LeCun's 1/√fan_in")],
  ]);
  // The rule's own number, which the estimate agrees with, says more than the estimate.
  return match === undefined
    ? { distribution: "normal", sigma, words: t("N(0, {0}²)", formatSignificant(sigma)) }
    : {
        distribution: "normal",
        sigma: match[0],
        words: `${t("N(0, {0}²)", formatSignificant(match[0]))}, ${match[1]}`,
      };
}
