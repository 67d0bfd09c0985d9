/** The button that narrows the tree to roles, dtypes and grades, and the line that says what it is narrowed to. */
import { storedAs } from "../../server/text/stored-as.ts";
import { t } from "../../server/text/l10n.ts";
import { roles } from "../../server/architecture/role.ts";
import { gradePresentation, gradesByAttention } from "../model/grades.ts";
import type { TensorNode } from "../model/nodes.ts";
import { hasFacets, noFacets, type Facets } from "../model/search.ts";
import type { Store } from "../store.ts";
import { button, create } from "../ui/dom.ts";
import { formatInteger } from "../ui/format.ts";
import { icon, iconButton } from "../ui/icons.ts";
import { checkBox, popover } from "../ui/popover.ts";

export function filterMenu(store: Store): HTMLElement {
  const trigger = iconButton("filter", t("Filter by role, dtype and grade"), () => undefined);
  trigger.dataset["testid"] = "filter";
  const { element } = popover(trigger, t("Filter"), (panel) => {
    fill(panel, store);
  });
  const show = (): void => {
    trigger.classList.toggle("active", hasFacets(store.state.facets));
  };
  store.on("query", show);
  store.on("checkpoint", show);
  return element;
}

/** The facets that are on, each with a button that takes it away. */
export function filterChips(store: Store): HTMLElement {
  const element = create("div", {
    class: "chips",
    testid: "chips",
    attributes: { role: "group", "aria-label": t("Filter") },
  });
  const show = (): void => {
    const { facets } = store.state;
    element.hidden = !hasFacets(facets);
    element.replaceChildren(
      ...facets.roles.map((role) =>
        chip(role, () => {
          store.narrow({ ...facets, roles: facets.roles.filter((each) => each !== role) });
        }),
      ),
      ...facets.dtypes.map((dtype) =>
        chip(dtype, () => {
          store.narrow({ ...facets, dtypes: facets.dtypes.filter((each) => each !== dtype) });
        }),
      ),
      ...facets.grades.map((grade) =>
        chip(gradePresentation(grade).label, () => {
          store.narrow({ ...facets, grades: facets.grades.filter((each) => each !== grade) });
        }),
      ),
    );
  };
  show();
  store.on("query", show);
  store.on("checkpoint", show);
  return element;
}

function chip(label: string, remove: () => void): HTMLElement {
  return create(
    "button",
    { class: "chip", title: t("Do not filter by {0}", label), attributes: { type: "button" }, onClick: remove },
    label,
    icon("close"),
  );
}

function fill(panel: HTMLElement, store: Store): void {
  const tensors = store.checkpoint?.tensors ?? [];
  const toggle = <Key extends keyof Facets>(key: Key, value: Facets[Key][number], on: boolean): void => {
    const { facets } = store.state;
    const others = (facets[key] as readonly string[]).filter((each) => each !== value);
    store.narrow({ ...facets, [key]: on ? [...others, value] : others });
  };
  const roleCounts = countBy(tensors, ({ tensor }) => [tensor.role]);
  const dtypeCounts = countBy(tensors, ({ tensor }) => [storedAs(tensor)]);
  const gradeCounts = countBy(tensors, ({ tally, grade }) =>
    tally === null ? (grade === null ? [] : [grade]) : tally.entries().map((entry) => entry.grade),
  );
  const { facets } = store.state;
  const section = <Value extends string>(
    title: string,
    values: readonly Value[],
    counts: ReadonlyMap<string, number>,
    chosen: readonly string[],
    label: (value: Value) => string,
    change: (value: Value, on: boolean) => void,
  ): HTMLElement[] => {
    const shown = values.filter((value) => counts.has(value) || chosen.includes(value));
    if (shown.length === 0) return [];
    return [
      create("h4", {}, title),
      ...shown.map((value) =>
        checkBox(
          label(value),
          chosen.includes(value),
          (on) => {
            change(value, on);
          },
          { count: formatInteger(counts.get(value) ?? 0), testid: `facet-${value}` },
        ),
      ),
    ];
  };
  const plain = (value: string): string => value;
  panel.replaceChildren(
    ...section(t("Role"), roles, roleCounts, facets.roles, plain, (value, on) => {
      toggle("roles", value, on);
    }),
    ...section(t("Dtype"), [...dtypeCounts.keys()].sort(), dtypeCounts, facets.dtypes, plain, (value, on) => {
      toggle("dtypes", value, on);
    }),
    ...section(
      t("Grade"),
      gradesByAttention,
      gradeCounts,
      facets.grades,
      (grade) => gradePresentation(grade).label,
      (value, on) => {
        toggle("grades", value, on);
      },
    ),
    button(
      t("Show all"),
      () => {
        store.narrow(noFacets);
        fill(panel, store);
        panel.querySelector<HTMLElement>("input")?.focus();
      },
      { secondary: true },
    ),
  );
}

function countBy(tensors: readonly TensorNode[], values: (node: TensorNode) => readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of tensors) for (const value of values(node)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
