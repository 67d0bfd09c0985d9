/** What one pass over the entries of a matrix told. */
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
    create("div", { class: "card-head" }, create("h3", {}, "Entries")),
    factList([
      number("Mean", entries.mean),
      number("Standard deviation", Math.sqrt(entries.variance)),
      number("Minimum", entries.minimum),
      number("Maximum", entries.maximum),
      number("Excess kurtosis", entries.excessKurtosis, "0 for a normal distribution, −1.2 for a uniform one"),
      ["Zeros", share(entries.zeros), exact(entries.zeros)],
      ["NaN or infinite", share(entries.nonFinite), exact(entries.nonFinite)],
      ...(entries.zeroRows > 0 ? [["Rows of zeros", formatInteger(entries.zeroRows)] as const] : []),
      ...(entries.zeroColumns > 0 ? [["Columns of zeros", formatInteger(entries.zeroColumns)] as const] : []),
    ]),
  );
}
