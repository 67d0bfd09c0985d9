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
let loaded = english;
/** Whether what runs now speaks English whatever is loaded; see english-scope.ts. */
let isEnglishHere = (): boolean => false;

function current(): Language {
  return isEnglishHere() ? english : loaded;
}

/** Sets what tells whether English is spoken in the course of work that runs now. */
export function englishWhere(isHere: () => boolean): void {
  isEnglishHere = isHere;
}

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
  loaded = texts === undefined ? english : languageOf(language, texts);
}

/** What is spoken now. */
export function spoken(): Spoken {
  const language = current();
  return language === english ? { language: "en" } : { language: language.tag, texts: language.texts };
}

/** Whether texts are as they stand in the code. */
export function isEnglish(): boolean {
  return current() === english;
}

/** The language spoken now (BCP 47). */
export function languageTag(): string {
  return current().tag;
}

/** A text with its values in the places `{0}`, `{1}`, … */
export function t(message: string, ...values: readonly Value[]): string {
  const { texts } = current();
  if (!Object.hasOwn(texts, message)) return filled(message, values);
  const text = filled(texts[message]!, values);
  lately[count++ % mostRemembered] = { text, message, values };
  return text;
}

function filled(text: string, values: readonly Value[]): string {
  return values.length === 0
    ? text
    : text.replace(/\{(\d+)\}/g, (place, index: string) => String(values[Number(index)] ?? place));
}

/** What was said last in another language, and of what it was made. */
const lately: { readonly text: string; readonly message: string; readonly values: readonly Value[] }[] = [];
const mostRemembered = 1000;
let count = 0;

/** A sentence that is kept, with what goes into files that machines read. */
export interface Said {
  readonly text: string;
  readonly english: string;
}

/** A sentence that was said just now, by this process or by one that told of it with {@link heard}, with its English. */
export function said(text: string): Said {
  return { text, english: englishOf(text) };
}

/** Takes over what another process said. */
export function heard({ text, english: message }: Said): void {
  if (text !== message) lately[count++ % mostRemembered] = { text, message, values: [] };
}

function englishOf(text: string): string {
  const made = lately.findLast((each) => each.text === text);
  if (made === undefined) return text;
  const values = made.values.map((value) =>
    typeof value === "string" && value.length < text.length ? englishOf(value) : value,
  );
  return filled(made.message, values);
}

/** One of two texts, as the number asks for; `{0}` is the number, the values follow from `{1}` on. */
export function plural(count: number, one: string, other: string, ...values: readonly Value[]): string {
  return t(isOne(count) ? one : other, count, ...values);
}

/** Whether the language has its singular with this number. */
export function isOne(count: number): boolean {
  return current().plurals.select(count) === "one";
}

/** A whole number with its digits in groups: `9,216`. */
export function grouped(value: number): string {
  return current().integers.format(value);
}

/** A number written with a decimal point, with the language's decimal sign. */
export function decimal(digits: string): string {
  return digits.replace(".", current().decimalSign);
}

/** Makes texts in English whatever is spoken: for files that machines read. */
export function inEnglish<T>(make: () => T): T {
  const before = loaded;
  loaded = english;
  try {
    return make();
  } finally {
    loaded = before;
  }
}
