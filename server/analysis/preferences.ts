/** Reads severities, silenced findings, roles and thresholds as a person wrote them: in settings, or in a file beside the checkpoint. */
import { t } from "../text/l10n.ts";
import { roles, type Role } from "../architecture/role.ts";
import { quote } from "../checkpoint/quote.ts";
import type { Severity } from "../protocol.ts";
import { thresholdRanges } from "../spectrum/thresholds.ts";
import { defaultPreferences, type AnalysisPreferences } from "./policy.ts";

const thresholdNames = Object.keys(thresholdRanges) as (keyof typeof thresholdRanges)[];
const severities = ["error", "warning", "information", "off"] as const satisfies readonly (Severity | "off")[];

/** What is wrong with preferences, as a clause: "severity of “random” is …". */
export class PreferenceError extends Error {}

/**
 * Preferences as `{ "severity": { CODE: SEVERITY }, "silence": [{ "code": CODE, "tensor": PATTERN }], "roles": { PATTERN:
 * ROLE }, "thresholds": { NAME: NUMBER } }`; each part may be left out. Other keys are left to others.
 * @throws PreferenceError for the first thing that is not so
 */
export function parsePreferences(value: Readonly<Record<string, unknown>>): AnalysisPreferences {
  return {
    severity: Object.fromEntries(
      Object.entries(record(value["severity"], "severity")).map(([code, severity]) => [
        code,
        oneOf(severities, severity, t("the severity of {0}", quote(code))),
      ]),
    ),
    silence: list(value["silence"], "silence").map((rule, index) => {
      const place = `silence[${index}]`;
      if (!isRecord(rule)) throw new PreferenceError(t("{0} is not an object with a code and a tensor", place));
      return { code: text(rule["code"], `${place}.code`), tensor: text(rule["tensor"], `${place}.tensor`) };
    }),
    roles: Object.entries(record(value["roles"], "roles")).map(([name, role]) => ({
      name,
      role: oneOf<Role>(roles, role, t("the role of {0}", quote(name))),
    })),
    thresholds: Object.fromEntries(
      Object.entries(record(value["thresholds"], "thresholds")).map(([name, threshold]) => {
        const known = oneOf(thresholdNames, name, t("the threshold {0}", quote(name)));
        return [known, within(thresholdRanges[known], threshold, t("the threshold {0}", quote(name)))];
      }),
    ),
  };
}

/** As {@link parsePreferences}, but what is not understood is left out: settings are checked where they are written. */
export function lenientPreferences(value: Readonly<Record<string, unknown>>): AnalysisPreferences {
  const part = (key: string, each: unknown): AnalysisPreferences => {
    try {
      return parsePreferences({ [key]: each });
    } catch (error) {
      if (error instanceof PreferenceError) return defaultPreferences;
      throw error;
    }
  };
  const entries = (key: string): [string, unknown][] => (isRecord(value[key]) ? Object.entries(value[key]) : []);
  const silence = Array.isArray(value["silence"]) ? (value["silence"] as unknown[]) : [];
  return {
    severity: Object.fromEntries(
      entries("severity").flatMap(([code, severity]) =>
        Object.entries(part("severity", { [code]: severity }).severity),
      ),
    ),
    silence: silence.flatMap((rule) => part("silence", [rule]).silence),
    roles: entries("roles").flatMap(([name, role]) => part("roles", { [name]: role }).roles),
    thresholds: Object.fromEntries(
      entries("thresholds").flatMap(([name, threshold]) =>
        Object.entries(part("thresholds", { [name]: threshold }).thresholds),
      ),
    ),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw new PreferenceError(t("{0} is not an object", what));
  return value;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new PreferenceError(t("{0} is not a list", what));
  return value as unknown[];
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw new PreferenceError(t("{0} is not a text", what));
  return value;
}

function oneOf<Choice extends string>(choices: readonly Choice[], value: unknown, what: string): Choice {
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw new PreferenceError(t("{0} is not one of {1}", what, choices.join(", ")));
  return choice;
}

function within([least, most]: readonly [number, number], value: unknown, what: string): number {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw new PreferenceError(t("{0} is not a number from {1} to {2}", what, least, most));
  }
  return value;
}
