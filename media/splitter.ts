/** The bar between tree and details: dragged, or moved with the arrow keys. Upright beside, lying where they are stacked. */
import { t } from "../server/text/l10n.ts";
import type { Store } from "./store.ts";
import { create } from "./ui/dom.ts";

const least = 0.15;
const greatest = 0.85;
const step = 0.02;

/** @param container The grid whose `--split` is the first part's share. */
export function splitter(store: Store, container: HTMLElement): HTMLElement {
  const bar = create("div", {
    class: "splitter",
    testid: "splitter",
    attributes: {
      role: "separator",
      tabindex: "0",
      "aria-label": t("Width of the tree"),
      "aria-valuemin": String(least * 100),
      "aria-valuemax": String(greatest * 100),
    },
  });
  const stacked = window.matchMedia("(max-width: 640px)");
  const orient = (): void => {
    bar.setAttribute("aria-orientation", stacked.matches ? "horizontal" : "vertical");
  };
  const set = (share: number): void => {
    const split = Math.min(greatest, Math.max(least, share));
    container.style.setProperty("--split", String(split));
    bar.setAttribute("aria-valuenow", String(Math.round(split * 100)));
    if (split !== store.state.split) store.update({ split });
  };
  orient();
  stacked.addEventListener("change", orient);
  set(store.state.split);

  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    bar.classList.add("dragging");
    event.preventDefault();
    bar.focus();
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const box = container.getBoundingClientRect();
    set(stacked.matches ? (event.clientY - box.top) / box.height : (event.clientX - box.left) / box.width);
  });
  bar.addEventListener("lostpointercapture", () => {
    bar.classList.remove("dragging");
  });
  bar.addEventListener("dblclick", () => {
    set(0.42);
  });
  bar.addEventListener("keydown", (event) => {
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: store.state.split - step,
      ArrowUp: store.state.split - step,
      ArrowRight: store.state.split + step,
      ArrowDown: store.state.split + step,
      Home: least,
      End: greatest,
    };
    const share = moves[event.key];
    if (share === undefined) return;
    set(share);
    event.preventDefault();
  });
  return bar;
}
