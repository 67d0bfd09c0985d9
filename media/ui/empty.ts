/** What stands where there is nothing to show: why, and what can be done about it. */
import { create } from "./dom.ts";
import { icon, type IconName } from "./icons.ts";

/** @param actions below the words, such as a button that shows all again */
export function emptyState(name: IconName, words: string, ...actions: readonly HTMLElement[]): HTMLElement {
  return create(
    "div",
    { class: "empty" },
    icon(name),
    create("p", { attributes: { role: "status" } }, words),
    ...actions,
  );
}
