/** What one pass over the entries of a matrix told. */
import { t } from "../../server/text/l10n.ts";
import type { EntryStatistics } from "../../server/protocol.ts";
import { create } from "../ui/dom.ts";
import { exact, formatInteger, formatNumber, formatShare } from "../ui/format.ts";
import { factList } from "../ui/table.ts";

export function entriesCard(entries: EntryStatistics): HTMLElement {
  const share = (count: number): string =>
    count === 0 ? "0" : `${formatInteger(count)} (${formatShare(count / entries.count)})`;
  const number = (name: string, value: number, title?: string): [string, string, string] => [
    name,
    formatNumber(value),
    title === undefined ? exact(value) : `${exact(value)}\n${title}`,
  ];
  return create(
    "section",
    { class: "card entries", testid: "entries" },
    create("div", { class: "card-head" }, create("h3", {}, t("Entries"))),
    factList([
      number(t("Mean"), entries.mean),
      number(t("Standard deviation"), Math.sqrt(entries.variance)),
      number(t("Minimum"), entries.minimum),
      number(t("Maximum"), entries.maximum),
      number(t("Excess kurtosis"), entries.excessKurtosis, t("0 for a normal distribution, −1.2 for a uniform one")),
      [t("Zeros"), share(entries.zeros), exact(entries.zeros)],
      [t("NaN or infinite"), share(entries.nonFinite), exact(entries.nonFinite)],
      ...(entries.zeroRows > 0 ? [[t("Rows of zeros"), formatInteger(entries.zeroRows)] as const] : []),
      ...(entries.zeroColumns > 0 ? [[t("Columns of zeros"), formatInteger(entries.zeroColumns)] as const] : []),
    ]),
  );
}
