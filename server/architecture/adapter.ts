/** What an adapter's config says of its updates ΔW = s·B·A: s = α/r, or α/√r with rank stabilisation. */
import { t } from "../text/l10n.ts";
import { matchesWildcard } from "../text/wildcard.ts";

export interface AdapterScale {
  readonly alpha: number;
  readonly scale: number;
  /** Rank-stabilised: divided by √r (Kalajdzievski 2023). */
  readonly stabilised: boolean;
}

export interface AdapterConfig {
  /** Of the update of a module, whose A has `rank` rows; null where the config does not tell. */
  readonly scaleOf: (module: string, rank: number) => AdapterScale | null;
  /** What is wrong with the config, in one sentence; null if nothing is. Its text is untrusted. */
  readonly problem: string | null;
}

const silent: AdapterConfig = { scaleOf: () => null, problem: null };

/** @param config of adapter_config.json; null, or of another kind, where there is none */
export function adapterConfig(config: Readonly<Record<string, unknown>> | null): AdapterConfig {
  if (config?.["lora_alpha"] === undefined) return silent;
  try {
    const alpha = number(config["lora_alpha"], "lora_alpha");
    const rank = config["r"] === undefined || config["r"] === null ? null : wholeNumber(config["r"], "r");
    const stabilised = flag(config["use_rslora"], "use_rslora");
    const alphas = patterns(config["alpha_pattern"], "alpha_pattern", number);
    const ranks = patterns(config["rank_pattern"], "rank_pattern", wholeNumber);
    return {
      scaleOf: (module, found) => {
        const own = match(alphas, module) ?? alpha;
        // The file is right about its own rank: a config of another one belongs to something else.
        const declared = match(ranks, module) ?? rank;
        if (declared !== null && declared !== found) return null;
        return { alpha: own, scale: own / (stabilised ? Math.sqrt(found) : found), stabilised };
      },
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return {
      scaleOf: () => null,
      problem: t("adapter_config.json does not tell the scale of updates: {0}.", error.message),
    };
  }
}

/** What is wrong, as a clause. */
class Invalid extends Error {}

interface Pattern {
  readonly wildcard: string;
  readonly value: number;
}

function match(list: readonly Pattern[], module: string): number | null {
  const found = list.find(
    ({ wildcard }) => matchesWildcard(wildcard, module) || matchesWildcard(`*.${wildcard}`, module),
  );
  return found?.value ?? null;
}

/** PEFT's keys are regular expressions of the end of a module's name. Those that only name modules are understood. */
function patterns(value: unknown, key: string, read: (value: unknown, key: string) => number): Pattern[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) throw new Invalid(t("{0} is no object", key));
  return Object.entries(value).map(([pattern, each]) => {
    const wildcard = pattern
      .replace(/^\^/, "")
      .replace(/\$$/, "")
      .replaceAll(".*", "*")
      .replaceAll("\\d+", "*")
      .replaceAll("\\.", ".");
    if (!/^[\w.*-]+$/.test(wildcard)) {
      throw new Invalid(t("{0} has the key {1}, a regular expression that is not understood", key, quoted(pattern)));
    }
    return { wildcard, value: read(each, t("{0} of {1}", key, quoted(pattern))) };
  });
}

function number(value: unknown, key: string): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new Invalid(t("{0} is {1}, no number", key, quoted(value)));
  return value;
}

function wholeNumber(value: unknown, key: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
    throw new Invalid(t("{0} is {1}, no positive whole number", key, quoted(value)));
  }
  return value;
}

function flag(value: unknown, key: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw new Invalid(t("{0} is {1}, neither true nor false", key, quoted(value)));
  return value;
}

/** As JSON writes it, cut where it is long. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
