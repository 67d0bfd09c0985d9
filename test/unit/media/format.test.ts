import assert from "node:assert/strict";
import { test } from "node:test";
import {
  asSentence,
  baseName,
  formatDuration,
  formatNumber,
  formatProbability,
  formatRatio,
  formatShape,
  formatShare,
  plural,
} from "../../../media/ui/format.ts";
import { visibleText } from "../../../media/ui/text.ts";

test("numbers have three significant digits, and the form in which people write them", () => {
  const cases: [number | null, string][] = [
    [0, "0"],
    [384, "384"],
    [19428.4, "19,428"],
    [0.02044, "0.0204"],
    [12.3456, "12.3"],
    [0.2, "0.2"],
    [-0.359, "−0.359"],
    [-6e-4, "−6.00 × 10⁻⁴"],
    [1.279e-5, "1.28 × 10⁻⁵"],
    [1.5e12, "1.50 × 10¹²"],
    [999.7, "1,000"],
    [Infinity, "∞"],
    [NaN, "–"],
    [null, "–"],
  ];
  for (const [value, text] of cases) assert.equal(formatNumber(value), text);
});

test("probabilities end where float64 ends", () => {
  assert.equal(formatProbability(0), "< 10⁻³⁰⁰");
  assert.equal(formatProbability(3.14e-5), "3.1 × 10⁻⁵");
  assert.equal(formatProbability(0.0321), "0.032");
  assert.equal(formatProbability(1), "1");
  assert.equal(formatProbability(null), "–");
});

test("ratios, shares, shapes, times and plurals", () => {
  assert.equal(formatRatio(2, 4), "× 0.500");
  assert.equal(formatRatio(2, 0), "");
  assert.equal(formatRatio(null, 1), "");
  assert.equal(formatShare(0.0517, 2), "5.2 %");
  assert.equal(formatShare(0.1), "10 %");
  assert.equal(formatShape([4096, 14336]), "4096 × 14336");
  assert.equal(formatShape([]), "scalar");
  assert.equal(formatDuration(0.2), "1 second");
  assert.equal(formatDuration(190), "3 minutes");
  assert.equal(formatDuration(9000), "2.5 hours");
  assert.equal(plural(1, "{0} matrix", "{0} matrices"), "1 matrix");
  assert.equal(plural(100_000, "{0} tensor in {1}", "{0} tensors in {1}", "a"), "100,000 tensors in a");
  assert.equal(asSentence("every entry is zero"), "Every entry is zero.");
  assert.equal(baseName("C:\\models\\a.safetensors"), "a.safetensors");
});

test("text that hides, reorders or breaks a line is shown as what it is", () => {
  assert.equal(visibleText("a\u202Eb\u0000c\u200Bd\u2028e\uD800f"), "a⟨U+202E⟩b⟨U+0000⟩c⟨U+200B⟩d⟨U+2028⟩e⟨U+D800⟩f");
  assert.equal(visibleText("naïve.重み.👍"), "naïve.重み.👍");
  assert.equal(visibleText("x".repeat(1000), 10), "xxxxx…xxxxx");
});
