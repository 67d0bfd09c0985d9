/** The parts of a tensor's name. Untrusted text: nothing is assumed of it. */

/**
 * A name with its numbers taken out. A model repeats a few dozen names with other numbers, up to a hundred thousand
 * times: what follows from the pattern is found once.
 */
export interface NumberedName {
  /** The name with `*` for every part that is a number. */
  readonly pattern: string;
  /** The numbers, one for each `*`. */
  readonly numbers: readonly number[];
  /** Where each number ends in the name. */
  readonly ends: readonly number[];
}

export function takeNumbers(name: string): NumberedName {
  const numbers: number[] = [];
  const ends: number[] = [];
  let pattern = "";
  let taken = 0;
  for (let start = 0; start <= name.length;) {
    const dot = name.indexOf(".", start);
    const end = dot === -1 ? name.length : dot;
    const number = wholeNumber(name, start, end);
    if (number !== null) {
      pattern += `${withoutStars(name.slice(taken, start))}*`;
      numbers.push(number);
      ends.push(end);
      taken = end;
    }
    start = end + 1;
  }
  return { pattern: pattern + withoutStars(name.slice(taken)), numbers, ends };
}

/** The number that one to nine digits write; null for any other text. */
function wholeNumber(text: string, start: number, end: number): number | null {
  if (end === start || end - start > 9) return null;
  let number = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return null;
    number = number * 10 + digit;
  }
  return number;
}

/** Another sign of the same length: a star in a pattern stands for a number. */
function withoutStars(text: string): string {
  return text.includes("*") ? text.replaceAll("*", "∗") : text;
}

export interface NameParts {
  /** The path of the module, such as `model.layers.*.mlp.up_proj`, in parts. */
  readonly module: readonly string[];
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

export function nameParts(pattern: string): NameParts {
  const parts = pattern.split(".");
  for (let i = 1; i < parts.length; i++) {
    const lora = loraParts.get(parts[i]!);
    if (lora !== undefined) return { module: parts.slice(0, i), parameter: "weight", lora };
  }
  const last = parts.at(-1)!;
  if (parts.length > 1 && parameters.has(last)) {
    const module = parts.slice(0, -1);
    // PEFT wraps the layers that it adapts.
    if (module.at(-1) === "base_layer") module.pop();
    return { module, parameter: last, lora: null };
  }
  if (last.endsWith("_bias")) return { module: parts, parameter: "bias", lora: null };
  if (last.endsWith(packedSuffix)) parts[parts.length - 1] = last.slice(0, -packedSuffix.length);
  return { module: parts, parameter: "", lora: null };
}
