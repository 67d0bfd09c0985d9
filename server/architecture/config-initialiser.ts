/** Names under which configs count the blocks. */
export const layerCounts = ["num_hidden_layers", "n_layer", "num_layers", "n_layers"];

/** How a config says that fresh weights are drawn. */
export interface ConfigInitialiser {
  /** Standard deviation of fresh entries: `initializer_range`, or `init_std`. */
  readonly range: number;
  /**
   * That of the projections into the residual stream by the scaled rule of GPT-2, range/√(2·layers): each block adds to
   * the stream twice. Null where the config does not count its layers.
   */
  readonly residual: { readonly sigma: number; readonly layers: number } | null;
  /** Whether models of this type are known to be drawn by the scaled rule; others may have been, trained elsewhere. */
  readonly scalesResidual: boolean;
}

/** Types whose projections into the residual stream transformers draws by the scaled rule. */
const scaledTypes: readonly unknown[] = ["gpt2", "gpt_bigcode"];

/** The initialiser of a config, or of the text model in it; null where it tells none under one of the usual names. */
export function configInitialiser(config: Readonly<Record<string, unknown>> | null): ConfigInitialiser | null {
  const nested = config?.["text_config"];
  const places = [config, typeof nested === "object" ? (nested as Readonly<Record<string, unknown>> | null) : null];
  for (const place of places) {
    const range = firstPositive(place, ["initializer_range", "init_std"]);
    if (range === null) continue;
    const layers = firstPositive(place, layerCounts);
    return {
      range,
      residual: layers === null ? null : { sigma: range / Math.sqrt(2 * layers), layers },
      scalesResidual: scaledTypes.includes(place?.["model_type"]),
    };
  }
  return null;
}

function firstPositive(place: Readonly<Record<string, unknown>> | null, keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = place?.[key];
    if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  }
  return null;
}
