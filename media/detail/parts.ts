/** The parts of a fused weight: each a projection with a spectrum of its own. */
import { t } from "../../server/text/l10n.ts";
import type { Part } from "../../server/protocol.ts";
import type { Store } from "../store.ts";
import { gradeBadge } from "../ui/badge.ts";
import { button, create } from "../ui/dom.ts";
import { formatShape } from "../ui/format.ts";
import { visibleText } from "../ui/text.ts";

export interface PartsCard {
  readonly element: HTMLElement;
  /** Shows the grades as they are now. */
  update(): void;
}

export function partsCard(store: Store, parts: readonly Part[]): PartsCard {
  const rows = parts.map(({ id, tensor, role, rows: height, columns }) => {
    const grade = create("td", {});
    const reason = create("td", { class: "reason" });
    const open = create(
      "button",
      {
        class: "link",
        attributes: { type: "button" },
        onClick: () => {
          store.select({ kind: "portion", name: tensor, id });
        },
      },
      role,
    );
    const row = create(
      "tr",
      { testid: "part" },
      create("th", { attributes: { scope: "row" } }, open),
      create("td", { class: "shape" }, formatShape([height, columns])),
      grade,
      reason,
    );
    return { id, row, grade, reason };
  });
  const actions = create("div", { class: "actions" });
  const analyse = button(
    t("Analyse the parts"),
    () => {
      analyse.disabled = true;
      store.host.analyse(parts.map(({ id }) => id)).catch(() => {
        analyse.disabled = false;
      });
    },
    { testid: "analyse-parts", secondary: true },
  );
  const update = (): void => {
    for (const { id, grade, reason } of rows) {
      const result = store.checkpoint?.result(id);
      grade.replaceChildren(gradeBadge(result?.grade ?? null));
      reason.textContent = visibleText(result?.reason ?? "", 200);
    }
    const missing = rows.some(({ id }) => store.checkpoint?.result(id) === undefined);
    if (!missing) actions.replaceChildren();
    else if (!actions.hasChildNodes()) actions.append(analyse);
  };
  update();
  return {
    update,
    element: create(
      "section",
      { class: "card", testid: "parts" },
      create("div", { class: "card-head" }, create("h3", {}, t("Parts of this fused weight"))),
      create(
        "table",
        { class: "list-table" },
        create("caption", { class: "visually-hidden" }, t("Parts of this fused weight")),
        create("tbody", {}, ...rows.map(({ row }) => row)),
      ),
      actions,
    ),
  };
}
