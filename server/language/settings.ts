import { defaultPreferences } from "../analysis/policy.ts";
import { lenientPreferences } from "../analysis/preferences.ts";
import type { Settings } from "../protocol.ts";

export const settingsSection = "safetensorsSpectrum";

export const defaultSettings: Settings = { analyseOnOpen: "small", adapter: "", ...defaultPreferences };

/** Settings as a person may have written them: what is not understood falls back to its default. */
export function settingsOf(value: unknown): Settings {
  const record = isRecord(value) ? value : {};
  const { analyseOnOpen, adapter } = record;
  return {
    analyseOnOpen:
      analyseOnOpen === "always" || analyseOnOpen === "never" ? analyseOnOpen : defaultSettings.analyseOnOpen,
    adapter: typeof adapter === "string" ? adapter : defaultSettings.adapter,
    ...lenientPreferences(record),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
