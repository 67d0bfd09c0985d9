/**
 * The texts a person reads, in their language. English stands in the code, as the argument of {@link t} or
 * {@link plural}; a bundle (`l10n/bundle.l10n.*.json`) has the same sentences in another language. The language server
 * and the webview load the bundle that VS Code chose; the command line loads none and speaks English.
 *
 * Texts are made when they are shown, never while a module loads: the bundle comes later.
 */

/** English text → the same in the language of the bundle. */
export type Texts = Readonly<Record<string, string>>;

/** What stands in the places of a text. */
export type Value = string | number;

interface Language {
  /** BCP 47, such as `de`. */
  readonly tag: string;
  readonly texts: Texts;
  readonly plurals: Intl.PluralRules;
  readonly integers: Intl.NumberFormat;
  readonly decimalSign: string;
}

const english = languageOf("en", {});
let current = english;

function languageOf(tag: string, texts: Texts): Language {
  const integers = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });
  const decimalSign =
    new Intl.NumberFormat(tag).formatToParts(0.5).find(({ type }) => type === "decimal")?.value ?? ".";
  return { tag, texts, plurals: new Intl.PluralRules(tag), integers, decimalSign };
}

/** A language with its texts, as one process hands it to another. Without texts it is English, whatever its name. */
export interface Spoken {
  /** BCP 47, as `vscode.env.language` has it. */
  readonly language: string;
  /** As `vscode.l10n.bundle` has them. */
  readonly texts?: Texts | undefined;
}

/** Speaks a language from now on, and writes its numbers. */
export function loadTexts({ language, texts }: Spoken): void {
  current = texts === undefined ? english : languageOf(language, texts);
}

/** What is spoken now. */
export function spoken(): Spoken {
  return current === english ? { language: "en" } : { language: current.tag, texts: current.texts };
}

/** The language spoken now (BCP 47). */
export function languageTag(): string {
  return current.tag;
}

/** A text with its values in the places `{0}`, `{1}`, … */
export function t(message: string, ...values: readonly Value[]): string {
  const text = Object.hasOwn(current.texts, message) ? current.texts[message]! : message;
  return values.length === 0
    ? text
    : text.replace(/\{(\d+)\}/g, (place, index: string) => String(values[Number(index)] ?? place));
}

/** One of two texts, as the number asks for; `{0}` is the number, the values follow from `{1}` on. */
export function plural(count: number, one: string, other: string, ...values: readonly Value[]): string {
  return t(isOne(count) ? one : other, count, ...values);
}

/** Whether the language has its singular with this number. */
export function isOne(count: number): boolean {
  return current.plurals.select(count) === "one";
}

/** A whole number with its digits in groups: `9,216`. */
export function grouped(value: number): string {
  return current.integers.format(value);
}

/** A number written with a decimal point, with the language's decimal sign. */
export function decimal(digits: string): string {
  return digits.replace(".", current.decimalSign);
}

/** Makes texts in English whatever is spoken: for files that machines read. */
export function inEnglish<T>(make: () => T): T {
  const before = current;
  current = english;
  try {
    return make();
  } finally {
    current = before;
  }
}
