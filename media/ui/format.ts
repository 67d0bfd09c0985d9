/** Numbers as people read them: three significant digits, SI prefixes, real superscripts. The exact value belongs in a title. */
import { decimal, grouped, isOne, t, type Value } from "../../server/text/l10n.ts";

export { formatBytes, formatCount, formatDuration } from "../../server/text/format.ts";

const missing = "–";
const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function superscript(exponent: number): string {
  const digits = String(Math.abs(exponent)).replace(/\d/g, (digit) => superscripts.charAt(Number(digit)));
  return exponent < 0 ? `⁻${digits}` : digits;
}

/** A whole number: `75`, `9,216`. */
export function formatInteger(value: number): string {
  return grouped(value);
}

/** Any measured value with three significant digits: `0.0204`, `12.3`, `4,096`, `3.1 × 10⁻⁵`; `–` for null. */
export function formatNumber(value: number | null): string {
  if (value === null || Number.isNaN(value)) return missing;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (magnitude >= 1e6 || magnitude < 1e-3) {
    const [mantissa = "1", exponent = "0"] = magnitude.toExponential(2).split("e");
    return `${sign}${decimal(mantissa)} × 10${superscript(Number(exponent))}`;
  }
  if (magnitude >= 999.5 || Number.isInteger(value)) return sign + grouped(magnitude);
  // A short decimal is meant as such: 0.2, not 0.200.
  const short = Number(magnitude.toPrecision(2));
  return sign + decimal(short === magnitude ? String(short) : magnitude.toPrecision(3));
}

/** A probability: `0.0321`, `3.1 × 10⁻⁵`, `< 10⁻³⁰⁰` where float64 ends; `–` for null. */
export function formatProbability(value: number | null): string {
  if (value === null || Number.isNaN(value)) return missing;
  if (value < 1e-300) return `< 10${superscript(-300)}`;
  if (value >= 0.001) return decimal(String(Number(value.toPrecision(2))));
  const [mantissa = "1", exponent = "0"] = value.toExponential(1).split("e");
  return `${decimal(mantissa)} × 10${superscript(Number(exponent))}`;
}

/** `× 1.34`: how often `value` holds `reference`; empty where that says nothing. */
export function formatRatio(value: number | null, reference: number | null): string {
  if (value === null || reference === null || reference === 0) return "";
  const ratio = value / reference;
  return ratio >= 0 && Number.isFinite(ratio) ? formatFactor(ratio) : "";
}

/** `× 0.500`: with three digits whatever they are, as factors stand below each other. */
export function formatFactor(factor: number): string {
  const short = Math.abs(factor) >= 1e-3 && Math.abs(factor) < 999.5;
  return `× ${short ? decimal(factor.toPrecision(3)) : formatNumber(factor)}`;
}

/** `4096 × 14336`; a tensor without dimensions is a `scalar`. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? t("scalar") : shape.join(" × ");
}

/** `0.0517` as `5.17 %`. */
export function formatShare(value: number, digits = 3): string {
  const percent = Number((100 * value).toPrecision(digits));
  return `${percent !== 0 && Math.abs(percent) < 1e-3 ? formatNumber(percent) : decimal(String(percent))} %`;
}

/** A measured share with its three digits, `0.52` as `52.0 %`: such shares stand below each other. */
export function formatMeasuredShare(value: number): string {
  const percent = 100 * value;
  return Math.abs(percent) < 1e-3 ? formatShare(value) : `${decimal(percent.toPrecision(3))} %`;
}

/** One of two texts, as the number asks for; `{0}` is the number with its digits in groups, values follow from `{1}` on. */
export function plural(count: number, one: string, other: string, ...values: readonly Value[]): string {
  return t(isOne(count) ? one : other, formatInteger(count), ...values);
}

/** A clause of evidence as a sentence of its own. */
export function asSentence(clause: string): string {
  const text = clause.charAt(0).toUpperCase() + clause.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Last component of a path, whichever separator wrote it. */
export function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

/** Every digit of a number, for titles. */
export function exact(value: number | null): string {
  return value === null ? t("does not exist") : String(value);
}
