/**
 * A value as JSON that is harmless wherever its text is shown: control and bidirectional characters, which would move a
 * terminal's cursor or reorder a line, stand there as escapes. Whoever parses it gets the same value.
 */
export function inertJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    // Each UTF-16 unit: JSON's escapes have four digits.
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
