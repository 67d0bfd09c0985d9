import type { Settings, Severity } from "../protocol.ts";

export const settingsSection = "safetensorsSpectrum";

export const defaultSettings: Settings = { analyseOnOpen: "small", adapter: "", severity: {} };

/** Settings as a person may have written them: what is not understood falls back to its default. */
export function settingsOf(value: unknown): Settings {
  const record = isRecord(value) ? value : {};
  const { analyseOnOpen, adapter, severity } = record;
  return {
    analyseOnOpen:
      analyseOnOpen === "always" || analyseOnOpen === "never" ? analyseOnOpen : defaultSettings.analyseOnOpen,
    adapter: typeof adapter === "string" ? adapter : defaultSettings.adapter,
    severity: Object.fromEntries(
      Object.entries(isRecord(severity) ? severity : {}).filter((entry): entry is [string, Severity | "off"] =>
        isSeverity(entry[1]),
      ),
    ),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isSeverity(value: unknown): value is Severity | "off" {
  return value === "error" || value === "warning" || value === "information" || value === "off";
}
