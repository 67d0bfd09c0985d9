/** A small panel that a button opens below itself; Escape or a click elsewhere closes it. */
import { create, uniqueId } from "./dom.ts";

export interface Popover {
  /** The button with its panel. */
  readonly element: HTMLElement;
  readonly panel: HTMLElement;
  readonly close: () => void;
}

/**
 * @param trigger the button that opens and closes it
 * @param label what assistive technology calls the panel
 * @param fill called each time it opens, to put in it what is true then
 * @param role what the panel is
 */
export function popover(
  trigger: HTMLButtonElement,
  label: string,
  fill: (panel: HTMLElement) => void,
  role: "dialog" | "menu" = "dialog",
): Popover {
  const panel = create("div", {
    class: "popover",
    attributes: { id: uniqueId("popover"), role, "aria-label": label },
  });
  panel.hidden = true;
  trigger.setAttribute("aria-haspopup", role);
  trigger.setAttribute("aria-controls", panel.id);
  trigger.setAttribute("aria-expanded", "false");
  const element = create("div", { class: "popover-anchor" }, trigger, panel);

  const outside = (event: PointerEvent): void => {
    if (event.target instanceof Node && !element.contains(event.target)) close();
  };
  const close = (): void => {
    panel.hidden = true;
    trigger.setAttribute("aria-expanded", "false");
    window.removeEventListener("pointerdown", outside);
  };
  trigger.addEventListener("click", () => {
    if (!panel.hidden) {
      close();
      return;
    }
    fill(panel);
    panel.hidden = false;
    trigger.setAttribute("aria-expanded", "true");
    window.addEventListener("pointerdown", outside);
    panel.querySelector<HTMLElement>("input, button, select")?.focus();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    close();
    trigger.focus();
    event.preventDefault();
    event.stopPropagation();
  });
  element.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !element.contains(relatedTarget)) close();
  });
  return { element, panel, close };
}

/** A box to tick, with its words beside it. */
export function checkBox(
  label: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
  extra: { readonly count?: string; readonly testid?: string } = {},
): HTMLElement {
  const input = create("input", {
    attributes: { type: "checkbox" },
    ...(extra.testid === undefined ? {} : { testid: extra.testid }),
  });
  input.checked = checked;
  input.addEventListener("change", () => {
    onChange(input.checked);
  });
  return create(
    "label",
    { class: "check" },
    input,
    create("span", { class: "check-label" }, label),
    extra.count === undefined ? "" : create("span", { class: "check-count" }, extra.count),
  );
}
