/** A number in a sentence: three significant digits without trailing zeros, 0.02 rather than 0.0200, −1 rather than -1. */
import { decimal, t } from "../text/l10n.ts";
export function formatSignificant(value: number, digits = 3): string {
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  const text =
    magnitude >= 1e6 || magnitude < 1e-4
      ? magnitude
          .toExponential(digits - 1)
          .replace(/\.?0+e/, "e")
          .replace("e+", "e")
      : String(Number(magnitude.toPrecision(digits)));
  return value < 0 ? `−${decimal(text)}` : decimal(text);
}

/** A share in percent: 0.64 %. */
export function formatPercent(share: number): string {
  return `${formatSignificant(100 * share, 2)} %`;
}

/** A p-value as part of a sentence: "p 3e-8", "p below 1e-300". */
export function formatPValue(p: number): string {
  return p < 1e-300 ? t("p below 1e-300") : `p ${formatSignificant(p, 1)}`;
}
