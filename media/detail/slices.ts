/** The matrices of a stack, such as the experts of a fused weight. */
import { t } from "../../server/text/l10n.ts";
import { matrixId } from "../model/matrix-ids.ts";
import type { TensorNode } from "../model/nodes.ts";
import type { Store } from "../store.ts";
import { gradeBadge, tallyBadge } from "../ui/badge.ts";
import { create } from "../ui/dom.ts";
import { formatInteger, plural } from "../ui/format.ts";
import { visibleText } from "../ui/text.ts";

const most = 1024;

export interface SliceTable {
  readonly element: HTMLElement;
  /** Shows the grades as they are now. */
  update(): void;
}

export function sliceTable(store: Store, node: TensorNode): SliceTable {
  const { tensor } = node;
  const summary = create("span", { class: "summary" });
  const shown = Math.min(tensor.matrices, most);
  const rows = Array.from({ length: shown }, (_, slice) => {
    const grade = create("td", {});
    const reason = create("td", { class: "reason" });
    const row = create(
      "tr",
      { testid: "slice" },
      create(
        "th",
        { attributes: { scope: "row" } },
        create(
          "button",
          {
            class: "link",
            attributes: { type: "button" },
            onClick: () => {
              store.select({ kind: "tensor", name: tensor.name, slice });
            },
          },
          t("slice {0}", slice),
        ),
      ),
      grade,
      reason,
    );
    return { slice, row, grade, reason };
  });
  const update = (): void => {
    if (node.tally !== null) summary.replaceChildren(tallyBadge(node.tally));
    for (const { slice, row, grade, reason } of rows) {
      const result = store.checkpoint?.result(matrixId(tensor, slice) ?? "");
      const name = result?.grade ?? "pending";
      if (row.dataset["grade"] === name && reason.textContent === visibleText(result?.reason ?? "", 200)) continue;
      row.dataset["grade"] = name;
      grade.replaceChildren(gradeBadge(result?.grade ?? null));
      reason.textContent = visibleText(result?.reason ?? "", 200);
    }
  };
  update();
  return {
    update,
    element: create(
      "section",
      { class: "card", testid: "slices" },
      create(
        "div",
        { class: "card-head" },
        create("h3", {}, plural(tensor.matrices, "{0} matrix in one tensor", "{0} matrices in one tensor")),
        summary,
      ),
      create(
        "div",
        { class: "table-scroll" },
        create(
          "table",
          { class: "list-table" },
          create("caption", { class: "visually-hidden" }, t("Slices of this tensor")),
          create("tbody", {}, ...rows.map(({ row }) => row)),
        ),
      ),
      tensor.matrices > shown
        ? create("p", { class: "hint" }, t("The first {0} are listed.", formatInteger(shown)))
        : "",
    ),
  };
}
