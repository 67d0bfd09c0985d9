import { t } from "../text/l10n.ts";
import { dirname, join } from "node:path";
import { stat } from "node:fs/promises";
import type { CheckpointProblem } from "../checkpoint/checkpoint.ts";
import { FileError, readText } from "../checkpoint/file.ts";
import { defaultPreferences, type AnalysisPreferences } from "./policy.ts";
import { parsePreferences, PreferenceError } from "./preferences.ts";

/** What a person decided about the checkpoints of one folder, kept beside them. */
export const settingsFileName = ".safetensors-spectrum.json";

const longest = 1_000_000;
const keys: ReadonlySet<string> = new Set(["severity", "silence", "roles", "thresholds"]);

/**
 * The preferences beside a checkpoint, as docs/problems.md describes them. A file that is wrong anywhere is not used at
 * all, and the problem says in one sentence what is wrong: half a list of exceptions would be worse than none.
 * @param path of the checkpoint's index or file
 */
export async function readSettingsFile(
  path: string,
): Promise<{ readonly preferences: AnalysisPreferences; readonly problem: CheckpointProblem | null }> {
  const file = join(dirname(path), settingsFileName);
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  if (!exists) return { preferences: defaultPreferences, problem: null };
  try {
    return { preferences: parse(await readText(file, longest)), problem: null };
  } catch (error) {
    if (!(error instanceof FileError || error instanceof PreferenceError)) throw error;
    const why = error.message.endsWith(".") ? error.message : `${error.message}.`;
    return {
      preferences: defaultPreferences,
      problem: {
        code: "invalid-settings",
        severity: "warning",
        message: t("{0} beside the checkpoint is not used: {1}", settingsFileName, why),
        path: file,
      },
    };
  }
}

function parse(text: string): AnalysisPreferences {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PreferenceError(t("it is not valid JSON"));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PreferenceError(t("it is valid JSON but not an object"));
  }
  const unknown = Object.keys(value).find((key) => !keys.has(key) && key !== "$schema");
  if (unknown !== undefined) {
    throw new PreferenceError(t("it has the key {0}; there are {1}", JSON.stringify(unknown), [...keys].join(", ")));
  }
  return parsePreferences(value as Readonly<Record<string, unknown>>);
}
