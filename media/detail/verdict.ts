/** The verdict of a matrix: the grade, the evidence in a sentence, and the tests behind it. */
import type { Verdict } from "../../server/protocol.ts";
import type { NoiseTest } from "../../server/spectrum/verdict.ts";
import { gradePresentations } from "../model/grades.ts";
import type { Store } from "../store.ts";
import { gradeBadge } from "../ui/badge.ts";
import { create } from "../ui/dom.ts";
import { asSentence, exact, formatNumber, formatProbability } from "../ui/format.ts";
import { dataTable } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";

const testTexts: Readonly<Record<NoiseTest["name"], { readonly label: string; readonly unit: string }>> = {
  john: { label: "Evenness of all energies (John)", unit: "z" },
  largest: { label: "Largest singular value (Tracy–Widom)", unit: "TW₁" },
  smallest: { label: "Smallest singular value", unit: "TW₁" },
  bulk: { label: "Shape of the bulk", unit: "m · D" },
  rows: { label: "Evenness of the row norms", unit: "χ² z" },
  columns: { label: "Evenness of the column norms", unit: "χ² z" },
};

export function verdictCard(store: Store, { grade, reason, pValue, tests }: Verdict): HTMLElement {
  const { tone, meaning } = gradePresentations[grade];
  const card = create(
    "section",
    { class: `card verdict tone-${tone}`, testid: "verdict", attributes: { "aria-label": "Verdict" } },
    create(
      "div",
      { class: "verdict-head" },
      gradeBadge(grade, { large: true }),
      pValue === null
        ? ""
        : create(
            "span",
            {
              class: "verdict-p",
              title: `${exact(pValue)}: the probability that independent random entries would look at least as unlike noise`,
            },
            `p ${pValue < 1e-300 ? "" : "= "}${formatProbability(pValue)}`,
          ),
    ),
    create("p", { class: "verdict-reason" }, asSentence(visibleText(reason, 2000))),
    create("p", { class: "verdict-meaning" }, meaning),
  );
  card.dataset["grade"] = grade;
  if (tests.length > 0) card.append(testsFold(store, tests));
  return card;
}

function testsFold(store: Store, { tests, square }: { readonly tests: readonly NoiseTest[]; readonly square: boolean }): HTMLElement {
  const fold = create(
    "details",
    { class: "fold", testid: "tests" },
    create("summary", {}, `The ${tests.length} tests behind it`),
    dataTable({
      caption: "Tests of the hypothesis that the entries are independent and identically distributed",
      columns: ["Test", "Statistic", "p"],
      rows: tests.map(({ name, statistic, pValue }) => [
        testTexts[name].label,
        create("span", { title: exact(statistic) }, `${formatNumber(statistic)} ${testTexts[name].unit}`),
        create("span", { title: exact(pValue) }, formatProbability(pValue)),
      ]),
    }),
    create(
      "p",
      { class: "hint" },
      "Each asks whether independent random entries could look like this; the verdict takes the smallest p times the number of tests.",
    ),
  );
  fold.open = store.isOn("tests", false);
  fold.addEventListener("toggle", () => {
    if (fold.open !== store.isOn("tests", false)) store.setSwitch("tests", fold.open);
  });
  return fold;
}
