import { defaultPreferences } from "../analysis/policy.ts";
import { lenientPreferences } from "../analysis/preferences.ts";
import type { Settings } from "../protocol.ts";

export const settingsSection = "safetensorsSpectrum";

export const defaultSettings: Settings = {
  analyseOnOpen: "small",
  adapter: "",
  memoryBudget: 0,
  ...defaultPreferences,
};

/** With less, in mebibytes, hardly a matrix of a language model could be computed. */
const leastMemory = 64;

/** Settings as a person may have written them: what is not understood falls back to its default. */
export function settingsOf(value: unknown): Settings {
  const record = isRecord(value) ? value : {};
  const { analyseOnOpen, adapter, memoryBudget } = record;
  return {
    analyseOnOpen:
      analyseOnOpen === "always" || analyseOnOpen === "never" ? analyseOnOpen : defaultSettings.analyseOnOpen,
    adapter: typeof adapter === "string" ? adapter : defaultSettings.adapter,
    memoryBudget:
      typeof memoryBudget === "number" && memoryBudget >= leastMemory ? memoryBudget : defaultSettings.memoryBudget,
    ...lenientPreferences(record),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
