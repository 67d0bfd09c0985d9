/** The button that chooses the tree's columns. */
import { t } from "../../server/text/l10n.ts";
import { metricKeys } from "../../server/spectrum/metrics.ts";
import { columnOf, defaultColumns, factColumns, type ColumnKey } from "../model/columns.ts";
import { metricGroups } from "../model/metric-texts.ts";
import type { Store } from "../store.ts";
import { button, create } from "../ui/dom.ts";
import { iconButton } from "../ui/icons.ts";
import { checkBox, popover } from "../ui/popover.ts";

export function columnMenu(store: Store): HTMLElement {
  const trigger = iconButton("columns", t("Choose columns"), () => undefined);
  trigger.dataset["testid"] = "columns";
  const { element } = popover(trigger, t("Columns"), (panel) => {
    fill(panel, store);
  });
  return element;
}

function fill(panel: HTMLElement, store: Store): void {
  const box = (key: ColumnKey, label: string): HTMLElement =>
    checkBox(
      label,
      store.state.columns.includes(key),
      (checked) => {
        const others = store.state.columns.filter((each) => each !== key);
        store.showColumns(checked ? [...others, key] : others);
      },
      { testid: `column-${key}` },
    );
  const known = new Set<string>(metricKeys);
  panel.replaceChildren(
    create("h4", {}, t("Tensor")),
    ...factColumns.map((key) => box(key, columnOf(key).label)),
    ...metricGroups().flatMap(({ title, metrics }) => [
      create("h4", {}, title),
      ...metrics.flatMap(({ key, label }) => (known.has(key) ? [box(key, label)] : [])),
    ]),
    button(
      t("Reset"),
      () => {
        store.showColumns(defaultColumns);
        store.widen({});
        fill(panel, store);
        panel.querySelector<HTMLElement>("input")?.focus();
      },
      { secondary: true },
    ),
  );
}
