/** Tells the host what is looked at, so that it is computed first. */
import { comparedIds, isComparison } from "./model/compared.ts";
import { matrixId, matrixIds } from "./model/matrix-ids.ts";
import type { Store } from "./store.ts";
import type { Tree } from "./tree/tree.ts";

const pause = 150;
/** More than fit on a screen: slices of a stack, tensors of a block. */
const most = 256;

/** Ids of the matrices that are looked at: those of the selection, then those in the tree's view. */
function lookedAt(store: Store, tree: Tree): string[] {
  const { checkpoint, state } = store;
  const ids = new Set<string>();
  const { selection } = state;
  if (selection.kind === "portion") ids.add(selection.id);
  if (checkpoint !== null && selection.kind === "tensor") {
    const node = checkpoint.tensor(selection.name);
    if (node !== undefined) {
      const selected = matrixId(node.tensor, selection.slice);
      if (selected !== null) ids.add(selected);
      for (const id of matrixIds(node.tensor).slice(0, most)) ids.add(id);
    }
  }
  if (checkpoint !== null && selection.kind === "group") {
    for (const { tensor } of checkpoint.groups.get(selection.key)?.leaves() ?? []) {
      for (const id of matrixIds(tensor)) ids.add(id);
      if (ids.size >= most) break;
    }
  }
  if (checkpoint !== null && isComparison(selection)) {
    for (const id of comparedIds(checkpoint, selection)) ids.add(id);
  }
  for (const id of tree.matricesInView()) ids.add(id);
  return [...ids].slice(0, most);
}

export function reportFocus(store: Store, tree: Tree): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = "";
  const schedule = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (store.checkpoint === null) return;
      const ids = lookedAt(store, tree);
      const key = ids.join("\n");
      if (key === last) return;
      last = key;
      store.host.send({ type: "focus", ids });
    }, pause);
  };
  tree.onView = schedule;
  store.on("selection", schedule);
  store.on("checkpoint", () => {
    last = "";
    schedule();
  });
}
