/** The verdict of a matrix: the grade, the evidence in a sentence, and the tests behind it. */
import { t } from "../../server/text/l10n.ts";
import type { Verdict } from "../../server/protocol.ts";
import type { NoiseTest } from "../../server/spectrum/verdict.ts";
import { gradePresentation } from "../model/grades.ts";
import type { Store } from "../store.ts";
import { gradeBadge } from "../ui/badge.ts";
import { create } from "../ui/dom.ts";
import { asSentence, exact, formatNumber, formatProbability, plural } from "../ui/format.ts";
import { dataTable } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { moreLink } from "./more.ts";

const testLabels: Readonly<Record<NoiseTest["name"], () => string>> = {
  john: () => t("Evenness of all energies (John)"),
  largest: () => t("Largest singular value"),
  smallest: () => t("Smallest singular value"),
  bulk: () => t("Shape of the bulk"),
  rows: () => t("Evenness of the row norms"),
  columns: () => t("Evenness of the column norms"),
};

/** The unit of a test's statistic. A square matrix has its lower edge at zero, where Tracy–Widom's law does not hold. */
function unit(name: NoiseTest["name"], square: boolean): string {
  if (name === "john") return "z";
  if (name === "bulk") return "m · D";
  if (name === "rows" || name === "columns") return "χ² z";
  return name === "smallest" && square ? "−ln p" : "TW₁";
}

/** @param square Whether the matrix is: one of the tests then has another law. */
export function verdictCard(store: Store, { grade, reason, pValue, tests }: Verdict, square: boolean): HTMLElement {
  const { tone, meaning } = gradePresentation(grade);
  const card = create(
    "section",
    { class: `card verdict tone-${tone}`, testid: "verdict", attributes: { "aria-label": t("Verdict") } },
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
              title: `${exact(pValue)}: ${t("the probability that independent random entries would look at least as unlike noise")}`,
            },
            `p ${pValue < 1e-300 ? "" : "= "}${formatProbability(pValue)}`,
          ),
    ),
    create("p", { class: "verdict-reason" }, asSentence(visibleText(reason, 2000))),
    create("p", { class: "verdict-meaning" }, meaning),
  );
  card.dataset["grade"] = grade;
  if (tests.length > 0) card.append(testsFold(store, tests, square));
  return card;
}

function testsFold(store: Store, tests: readonly NoiseTest[], square: boolean): HTMLElement {
  const fold = create(
    "details",
    { class: "fold", testid: "tests" },
    create("summary", {}, plural(tests.length, "The {0} test behind it", "The {0} tests behind it")),
    dataTable({
      caption: t("Tests of the hypothesis that the entries are independent and identically distributed"),
      columns: [t("Test"), t("Statistic"), "p"],
      rows: tests.map(({ name, statistic, pValue }) => [
        testLabels[name](),
        create("span", { title: exact(statistic) }, `${formatNumber(statistic)} ${unit(name, square)}`),
        create("span", { title: exact(pValue) }, formatProbability(pValue)),
      ]),
    }),
    create(
      "p",
      { class: "hint" },
      t(
        "Each asks whether independent random entries could look like this; the verdict takes the smallest p times the number of tests.",
      ),
      " ",
      moreLink(store, "john"),
    ),
  );
  fold.open = store.isOn("tests", false);
  fold.addEventListener("toggle", () => {
    if (fold.open !== store.isOn("tests", false)) store.setSwitch("tests", fold.open);
  });
  return fold;
}
