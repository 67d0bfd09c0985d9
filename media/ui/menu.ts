/** A button that opens a menu of actions below itself, walked with the arrow keys. */
import { create } from "./dom.ts";
import { iconButton, type IconName } from "./icons.ts";
import { popover } from "./popover.ts";

export interface MenuAction {
  readonly label: string;
  /** Stable hook for tests. */
  readonly testid: string;
  readonly run: () => void;
}

export interface MenuButton {
  /** The button with its menu. */
  readonly element: HTMLElement;
  readonly trigger: HTMLButtonElement;
}

/**
 * @param label what the button is called
 * @param actions called each time it opens: what can be done then
 */
export function menuButton(name: IconName, label: string, actions: () => readonly MenuAction[]): MenuButton {
  const trigger = iconButton(name, label, () => undefined);
  const { element, panel, close } = popover(
    trigger,
    label,
    (menu) => {
      menu.replaceChildren(
        ...actions().map((action) =>
          create(
            "button",
            {
              class: "menu-action",
              testid: action.testid,
              attributes: { type: "button", role: "menuitem", tabindex: "-1" },
              onClick: () => {
                close();
                trigger.focus();
                action.run();
              },
            },
            action.label,
          ),
        ),
      );
    },
    "menu",
  );
  panel.addEventListener("keydown", (event) => {
    const items = [...panel.querySelectorAll<HTMLElement>("[role=menuitem]")];
    const at = items.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    items[(to + items.length) % items.length]?.focus();
    event.preventDefault();
    event.stopPropagation();
  });
  return { element, trigger };
}
