/** Grades as they are drawn: an icon of its own shape and the word; for many matrices a bar of shares. */
import { t } from "../../server/text/l10n.ts";
import type { Grade } from "../../server/spectrum/verdict.ts";
import { gradePresentation, isFinding, type Tone } from "../model/grades.ts";
import type { Tally } from "../model/tally.ts";
import { create } from "./dom.ts";
import { formatInteger } from "./format.ts";
import { icon } from "./icons.ts";

/** The grade of one matrix; null for one that waits for its result. */
export function gradeBadge(grade: Grade | null, properties: { readonly large?: boolean } = {}): HTMLElement {
  const size = properties.large === true ? " large" : "";
  if (grade === null) {
    return create(
      "span",
      { class: `badge tone-pending${size}`, title: t("Not analysed yet") },
      icon("grade-pending"),
      create("span", { class: "badge-word" }, t("pending")),
    );
  }
  const { label, tone, meaning, icon: shape } = gradePresentation(grade);
  return create(
    "span",
    { class: `badge tone-${tone}${size}`, title: `${label}: ${meaning}` },
    icon(shape),
    create("span", { class: "badge-word" }, label),
  );
}

const tones: readonly Tone[] = ["error", "warning", "information", "good", "quiet"];

/** A bar of the shares of each tone, the rest being without a result. */
export function tallyBar(tally: Tally): HTMLElement {
  const bar = create("span", { class: "tally-bar", attributes: { "aria-hidden": "true" } });
  const counts = new Map<Tone, number>();
  for (const { grade, count } of tally.entries()) {
    const { tone } = gradePresentation(grade);
    counts.set(tone, (counts.get(tone) ?? 0) + count);
  }
  for (const tone of [...tones].reverse()) {
    const count = counts.get(tone);
    if (count === undefined) continue;
    const segment = create("span", { class: `tally-segment tone-${tone}` });
    segment.style.flexGrow = String(count);
    bar.append(segment);
  }
  const waiting = tally.total - tally.graded;
  if (waiting > 0) {
    const rest = create("span", { class: "tally-segment tone-pending" });
    rest.style.flexGrow = String(waiting);
    bar.append(rest);
  }
  return bar;
}

/** `2 random, 5 learned, 3 pending`. */
export function describeTally(tally: Tally): string {
  const parts = tally.entries().map(({ grade, count }) => `${formatInteger(count)} ${gradePresentation(grade).label}`);
  const waiting = tally.total - tally.graded;
  if (waiting > 0) parts.push(t("{0} pending", formatInteger(waiting)));
  return parts.join(", ");
}

/** The grades of a group: the bar, and what deserves attention most in words. */
export function tallyBadge(tally: Tally): HTMLElement {
  const badge = create("span", { class: "tally", title: describeTally(tally) }, tallyBar(tally));
  const [first] = tally.entries();
  if (first !== undefined && isFinding(first.grade)) {
    const { label, tone, icon: shape } = gradePresentation(first.grade);
    badge.append(
      create(
        "span",
        { class: `badge tone-${tone}` },
        icon(shape),
        create("span", { class: "badge-word" }, `${formatInteger(first.count)} ${label}`),
      ),
    );
  } else if (tally.graded < tally.total) {
    badge.append(
      create("span", { class: "tally-count" }, `${formatInteger(tally.graded)} / ${formatInteger(tally.total)}`),
    );
  } else {
    const uniform = tally.entries().length === 1 && first !== undefined;
    const words = uniform
      ? `${formatInteger(tally.total)} ${gradePresentation(first.grade).label}`
      : t("{0} analysed", formatInteger(tally.total));
    badge.append(create("span", { class: "tally-count" }, words));
  }
  return badge;
}
