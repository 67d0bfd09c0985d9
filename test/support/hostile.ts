/** Names as a malicious file could have them: each means something to one of the places that show names. */
export const hostileNames = {
  html: '<img src=x onerror="alert(1)"><script>alert(1)</script>',
  markdownLink: "[weights](command:workbench.action.quit) ![x](https://example.org/x.png)",
  markdown: "**bold** `code` | cell | # heading ~~gone~~ $(trash) https://example.org",
  commandUri: "command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22x%22%7D",
  terminal: "\u001b[2J\u001b]0;owned\u0007\u009b31m\rover",
  bidirectional: "model.\u202Ethgiew.sresal\u2066\u2069\u202C",
  lines: "a\nb\r\nc\u2028d\u2029e\u0085f\u0000g",
  invisible: "\u200Bze\u00ADro\uFEFF\u{E0041}",
  formula: '=HYPERLINK("https://example.org","weights")',
  formulaAt: "@SUM(1+1)*cmd|' /C calc'!A0",
  fullWidthFormula: "＝1+1",
  tab: "\t=1+1",
  quotes: `"'\`,;{0}{{}}%s%n$\{x}`,
  path: "../../../../etc/passwd",
  windowsPath: "C:\\Windows\\CON:stream",
  prototype: "__proto__",
  constructor: "constructor",
  method: "hasOwnProperty",
  text: "toString",
  emoji: "👩‍👩‍👧‍👦",
  empty: "",
  long: `model.${"x".repeat(1_000_000)}.weight`,
} as const;

/** What no place may pass on as it is: control, format and line characters. */
export const active = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
