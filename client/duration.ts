import * as vscode from "vscode";

/** A time one has to wait, in words: `8 seconds`, `3 minutes`, `2.5 hours`. */
export function duration(seconds: number): string {
  const { t } = vscode.l10n;
  if (seconds < 1.5) return t("a second");
  if (seconds < 100) return t("{0} seconds", Math.round(seconds));
  if (seconds < 100 * 60) return t("{0} minutes", Math.round(seconds / 60));
  return t("{0} hours", Number((seconds / 3600).toPrecision(2)));
}
