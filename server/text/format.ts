import { decimal, plural, t } from "./l10n.ts";

/** Text out of a file, made harmless for a terminal: control and bidirectional characters are shown as escapes. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** Longer names are cut where a person reads them. */
const longestName = 200;

/** A name out of a file, with its middle left out where it is too long to be read; still to be made {@link printable}. */
export function shortened(name: string, longest = longestName): string {
  if (name.length <= longest) return name;
  const half = Math.floor((longest - 1) / 2);
  return `${name.slice(0, half)}…${name.slice(-half)}`;
}

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes for people, in powers of 1000. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, units);
}

/** A count for people: 15.7 M. */
export function formatCount(count: number): string {
  return scaled(count, ["", "k", "M", "B", "T"]);
}

/** A time one has to wait: `8 seconds`, `3 minutes`, `2.5 hours`. */
export function formatDuration(seconds: number): string {
  if (seconds < 100) return plural(Math.max(1, Math.round(seconds)), "{0} second", "{0} seconds");
  if (seconds < 100 * 60) return plural(Math.round(seconds / 60), "{0} minute", "{0} minutes");
  return t("{0} hours", decimal(String(Number((seconds / 3600).toPrecision(2)))));
}

/** Three significant digits; “–” for what does not exist. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) {
    return "–";
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e6) {
    return String(value);
  }
  const magnitude = Math.abs(value);
  return decimal(magnitude >= 1e6 || magnitude < 1e-3 ? value.toExponential(2) : value.toPrecision(3));
}

function scaled(value: number, suffixes: readonly string[]): string {
  let rest = value;
  let step = 0;
  while (rest >= 999.5 && step < suffixes.length - 1) {
    rest /= 1000;
    step++;
  }
  const digits = decimal(step === 0 ? String(rest) : rest.toPrecision(3));
  return `${digits} ${suffixes[step]!}`.trimEnd();
}
