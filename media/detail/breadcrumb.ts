/** The way from the checkpoint to what is shown, each step of it clickable. */
import { t } from "../../server/text/l10n.ts";
import { stackOf } from "../model/across.ts";
import type { GroupNode, TreeNode } from "../model/nodes.ts";
import type { Store } from "../store.ts";
import { create } from "../ui/dom.ts";
import { visibleName } from "../ui/text.ts";

/** @param last What stands at the end when that is no node of the tree, such as a slice of a stack. */
export function breadcrumb(store: Store, node: TreeNode, last?: string): HTMLElement {
  const above: GroupNode[] = [];
  for (let group = node.parent; group !== null && group.level > 0; group = group.parent) above.unshift(group);
  const steps = [
    step(t("Overview"), () => {
      store.select({ kind: "nothing" });
    }),
    ...above.map((group) =>
      step(visibleName(group.label, 60), () => {
        store.select({ kind: "group", key: group.key });
      }),
    ),
  ];
  if (last !== undefined && node.kind === "tensor") {
    steps.push(
      step(visibleName(node.label, 60), () => {
        store.select({ kind: "tensor", name: node.tensor.name, slice: null });
      }),
    );
  }
  const current = last ?? visibleName(node.label, 60);
  return create(
    "nav",
    { class: "breadcrumb", attributes: { "aria-label": t("Position in the checkpoint") } },
    ...steps,
    create("span", { attributes: { "aria-current": "page" } }, current),
    ...overLayers(store, node),
  );
}

/** The way to the matrices of the same role in the other layers. */
function overLayers(store: Store, node: TreeNode): HTMLElement[] {
  if (node.kind === "group" || node.tensor.layer === null || node.tensor.matrices === 0) return [];
  const { role, block } = node.tensor;
  const link = step(t("Compare {0} over layers", role), () => {
    store.select({ kind: "role", role, stack: stackOf(block), ends: null });
  });
  link.classList.add("over-layers");
  return [link];
}

function step(label: string, onClick: () => void): HTMLElement {
  return create("button", { class: "link", attributes: { type: "button" }, onClick }, label);
}
