import type { RoleRule } from "../architecture/custom-roles.ts";
import type { Problem, Severity } from "../protocol.ts";
import type { Thresholds } from "../spectrum/thresholds.ts";
import { matchesWildcard } from "../text/wildcard.ts";

/** Severities that a person chose, by code: a {@link Severity}, or "off". */
export type SeverityOverrides = Readonly<Record<string, Severity | "off">>;

/** Findings that a person does not want to see: of one code, on the tensors whose names match. */
export interface SilenceRule {
  /** A code of docs/problems.md, or `*` for all. */
  readonly code: string;
  /** A tensor's name; `*` stands for any run of characters, `?` for one. */
  readonly tensor: string;
}

/** What a person decided about findings. */
export interface FindingPolicy {
  readonly severity: SeverityOverrides;
  readonly silence: readonly SilenceRule[];
}

/** A policy with what names mean and where grades begin: what settings, and a settings file beside a checkpoint, can say. */
export interface AnalysisPreferences extends FindingPolicy {
  readonly roles: readonly RoleRule[];
  /** Those that the person chose. */
  readonly thresholds: Partial<Thresholds>;
}

export const defaultPreferences: AnalysisPreferences = { severity: {}, silence: [], roles: [], thresholds: {} };

/** The severity of a code after the person's choice; null when it is off. */
export function severityOf(code: string, byDefault: Severity, overrides: SeverityOverrides): Severity | null {
  const chosen = Object.hasOwn(overrides, code) ? overrides[code] : undefined;
  return chosen === "off" ? null : (chosen ?? byDefault);
}

/** A finding with the severity that the person chose; null when it is off or silenced. A finding on no tensor is silenced by `*` alone. */
export function underPolicy<Finding extends Problem>(finding: Finding, policy: FindingPolicy): Finding | null {
  const severity = severityOf(finding.code, finding.severity, policy.severity);
  const silenced = policy.silence.some(
    ({ code, tensor }) =>
      (code === "*" || code === finding.code) &&
      (finding.tensor === null ? tensor === "*" : matchesWildcard(tensor, finding.tensor)),
  );
  return severity === null || silenced ? null : { ...finding, severity };
}

/** Both together; where they disagree on a severity, a role or a threshold, the one nearer to the checkpoint is right. */
export function combine(general: AnalysisPreferences, near: AnalysisPreferences): AnalysisPreferences {
  return {
    severity: { ...general.severity, ...near.severity },
    silence: [...general.silence, ...near.silence],
    roles: [...near.roles, ...general.roles],
    thresholds: { ...general.thresholds, ...near.thresholds },
  };
}
