/** The parts of a tensor's name. Untrusted text: nothing is assumed of it. */
export interface TensorName {
  /** The path of the module, such as `model.layers.3.mlp.up_proj`, in parts. */
  readonly module: readonly string[];
  /** The same with `*` for numbers. */
  readonly pattern: readonly string[];
  /** What the module calls it: `weight`, `bias`, …; empty where the module itself is the name. */
  readonly parameter: string;
  readonly lora: "lora-a" | "lora-b" | null;
}

const parameters: ReadonlySet<string> = new Set([
  "weight",
  "bias",
  "qweight",
  "weight_packed",
  "gamma",
  "beta",
  "scale",
]);

/** The names that PEFT, diffusers and kohya give the factors of ΔW = B·A. */
const loraParts: ReadonlyMap<string, "lora-a" | "lora-b"> = new Map([
  ["lora_A", "lora-a"],
  ["lora_B", "lora-b"],
  ["lora_embedding_A", "lora-a"],
  ["lora_embedding_B", "lora-b"],
  ["lora_down", "lora-a"],
  ["lora_up", "lora-b"],
]);

/** What packed formats put after a parameter that has no name of its own. */
const packedSuffix = "_blocks";

export function parseTensorName(name: string): TensorName {
  const parts = name.split(".");
  for (let i = 1; i < parts.length; i++) {
    const lora = loraParts.get(parts[i]!);
    if (lora !== undefined) return withPattern(parts.slice(0, i), "weight", lora);
  }
  const last = parts.at(-1)!;
  if (parts.length > 1 && parameters.has(last)) {
    const module = parts.slice(0, -1);
    // PEFT wraps the layers that it adapts.
    if (module.at(-1) === "base_layer") module.pop();
    return withPattern(module, last, null);
  }
  if (last.endsWith("_bias")) return withPattern(parts, "bias", null);
  if (last.endsWith(packedSuffix)) parts[parts.length - 1] = last.slice(0, -packedSuffix.length);
  return withPattern(parts, "", null);
}

export function isNumber(part: string | undefined): part is string {
  return part !== undefined && /^[0-9]{1,9}$/.test(part);
}

function withPattern(module: readonly string[], parameter: string, lora: TensorName["lora"]): TensorName {
  return { module, pattern: module.map((part) => (isNumber(part) ? "*" : part)), parameter, lora };
}
