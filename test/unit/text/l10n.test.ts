import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { formatInteger, formatNumber, formatShare, plural as shown } from "../../../media/ui/format.ts";
import { decimal, grouped, inEnglish, languageTag, loadTexts, plural, t } from "../../../server/text/l10n.ts";

const german = {
  "{0} of {1}": "{1}, davon {0}",
  "{0} matrix": "{0} Matrix",
  "{0} matrices": "{0} Matrizen",
  constructor: "Erbauer",
};

afterEach(() => {
  loadTexts({ language: "en", texts: undefined });
});

test("a text has its values in their places, whatever they hold", () => {
  assert.equal(t("Nothing."), "Nothing.");
  assert.equal(t("{0} of {1}", 3, "{0} $& $1"), "3 of {0} $& $1");
  assert.equal(t("{0} and {0}, {2}", "a"), "a and a, {2}");
  loadTexts({ language: "de", texts: german });
  assert.equal(t("{0} of {1}", 3, "{0} $& $1"), "{0} $& $1, davon 3");
  assert.equal(t("constructor"), "Erbauer");
});

test("what the bundle lacks is said in English, names of the language's own objects too", () => {
  loadTexts({ language: "de", texts: german });
  assert.equal(t("Not there: {0}", 1), "Not there: 1");
  assert.equal(t("toString"), "toString");
  assert.equal(t("__proto__"), "__proto__");
});

test("numbers choose between singular and plural by the language's rules", () => {
  const counted = (count: number): string => plural(count, "{0} matrix", "{0} matrices");
  assert.deepEqual([0, 1, 2].map(counted), ["0 matrices", "1 matrix", "2 matrices"]);
  loadTexts({ language: "de", texts: german });
  assert.deepEqual([0, 1, 2].map(counted), ["0 Matrizen", "1 Matrix", "2 Matrizen"]);
  loadTexts({ language: "fr", texts: { "{0} matrix": "{0} matrice" } });
  assert.equal(counted(0), "0 matrice");
});

test("numbers are written as the language does, and in English where there is no bundle", () => {
  assert.deepEqual([grouped(9216), decimal("0.25"), formatNumber(0.0204)], ["9,216", "0.25", "0.0204"]);
  loadTexts({ language: "de", texts: german });
  assert.deepEqual([grouped(9216), decimal("0.25"), formatNumber(0.0204)], ["9.216", "0,25", "0,0204"]);
  assert.deepEqual([formatInteger(100_000), formatShare(0.0517, 2)], ["100.000", "5,2 %"]);
  assert.equal(formatNumber(-3.1e-5), "−3,10 × 10⁻⁵");
  assert.equal(shown(4096, "{0} matrix", "{0} matrices"), "4.096 Matrizen");
  assert.equal(languageTag(), "de");
  loadTexts({ language: "de", texts: undefined });
  assert.equal(grouped(9216), "9,216");
});

test("files for machines are in English whatever is spoken, and what is spoken stays", () => {
  loadTexts({ language: "de", texts: german });
  assert.equal(
    inEnglish(() => t("{0} of {1}", 1, 2)),
    "1 of 2",
  );
  assert.throws(() =>
    inEnglish(() => {
      throw new Error("no");
    }),
  );
  assert.equal(t("{0} of {1}", 1, 2), "2, davon 1");
});
