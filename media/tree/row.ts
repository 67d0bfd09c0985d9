/** One line of the tree as an element. */
import { gradePresentations } from "../model/grades.ts";
import type { TreeNode } from "../model/nodes.ts";
import { describeTally, gradeBadge, tallyBadge } from "../ui/badge.ts";
import { create, uniqueId, type Child } from "../ui/dom.ts";
import { formatBytes, formatCount, formatInteger, formatShape, plural } from "../ui/format.ts";
import { icon, type IconName } from "../ui/icons.ts";
import { visibleText } from "../ui/text.ts";
import type { Row } from "./rows.ts";

export class RowElement {
  readonly element: HTMLElement;
  readonly #grade = create("span", { class: "cell cell-grade" });
  #row: Row;

  constructor(row: Row, words: readonly string[]) {
    this.#row = row;
    const { node } = row;
    const twistie = create("span", { class: "twistie" });
    if (node.kind === "group") twistie.append(icon("chevron-right"));
    const name = create("span", { class: "cell cell-name" });
    // One guide for each level above, as VS Code's own trees draw them.
    for (let level = 1; level < node.level; level++) name.append(create("span", { class: "indent" }));
    name.append(twistie);
    if (node.kind === "tensor") name.append(create("span", { class: "kind" }, icon(kindIcon(node))));
    name.append(...label(visibleText(node.label), words));

    this.element = create(
      "div",
      { class: `row row-${node.kind}`, testid: "tree-row", attributes: { role: "treeitem", id: uniqueId("row") } },
      name,
      ...cells(node),
      this.#grade,
    );
    this.element.dataset["name"] = node.kind === "tensor" ? node.tensor.name : node.label;
    this.element.setAttribute("aria-level", String(node.level));
    this.updateGrade();
    this.place(row, null);
  }

  /** Takes over what may change while a line stays: its place, whether it is open, whether it is selected. */
  place(row: Row, selected: TreeNode | null): void {
    this.#row = row;
    const { element } = this;
    element.setAttribute("aria-posinset", String(row.position));
    element.setAttribute("aria-setsize", String(row.siblings));
    if (row.expanded !== null) element.setAttribute("aria-expanded", String(row.expanded));
    element.setAttribute("aria-selected", String(row.node === selected));
  }

  updateGrade(): void {
    const { node } = this.#row;
    const { grade, badge, words } = gradeOf(node);
    this.element.dataset["grade"] = grade;
    this.#grade.replaceChildren(...(badge === null ? [] : [badge]));
    this.element.setAttribute("aria-label", `${describe(node)}${words === "" ? "" : `, ${words}`}`);
    this.element.title = tooltip(node);
  }
}

function gradeOf(node: TreeNode): { grade: string; badge: HTMLElement | null; words: string } {
  const tally = node.tally;
  if (tally !== null) {
    if (tally.total === 0) return { grade: "none", badge: null, words: "" };
    return { grade: tally.worst ?? "pending", badge: tallyBadge(tally), words: describeTally(tally) };
  }
  if (node.kind === "group" || node.tensor.matrices === 0) return { grade: "none", badge: null, words: "" };
  const { grade } = node;
  return {
    grade: grade ?? "pending",
    badge: gradeBadge(grade),
    words: grade === null ? "pending" : gradePresentations[grade].label,
  };
}

function kindIcon(node: Extract<TreeNode, { kind: "tensor" }>): IconName {
  if (node.tensor.matrices > 1) return "layers";
  return node.tensor.shape.length > 1 ? "matrix" : "vector";
}

function cell(column: string, text: string): HTMLElement {
  return create("span", { class: `cell cell-${column}` }, text);
}

function cells(node: TreeNode): HTMLElement[] {
  if (node.kind === "group") {
    return [
      cell("role", ""),
      cell("dtype", ""),
      cell("shape", plural(node.tensors, "tensor")),
      cell("size", formatBytes(node.bytes)),
    ];
  }
  const { role, dtype, shape, bytes } = node.tensor;
  return [
    cell("role", role === "other" ? "" : role),
    cell("dtype", dtype),
    cell("shape", formatShape(shape)),
    cell("size", formatBytes(bytes)),
  ];
}

function describe(node: TreeNode): string {
  const label = visibleText(node.label);
  if (node.kind === "group") return `${label}, ${plural(node.tensors, "tensor")}`;
  const { role, dtype, shape } = node.tensor;
  return `${label}, ${role}, ${dtype}, ${formatShape(shape)}`;
}

function tooltip(node: TreeNode): string {
  if (node.kind === "group") {
    const grades = node.tally.total === 0 ? "" : `\n${describeTally(node.tally)}`;
    return `${visibleText(node.label)}\n${plural(node.tensors, "tensor")} · ${formatCount(node.parameters)} parameters · ${formatInteger(node.bytes)} bytes${grades}`;
  }
  const { name, role, dtype, shape, bytes } = node.tensor;
  return `${visibleText(name)}\n${role} · ${dtype} · ${formatShape(shape)} · ${formatInteger(bytes)} bytes`;
}

/** The name. What nearly all names end in gives way first where there is no room. */
function label(text: string, words: readonly string[]): HTMLElement[] {
  const common = ".weight";
  if (words.length > 0 || !text.endsWith(common) || text.length === common.length) {
    return [create("span", { class: "label" }, ...marked(text, words))];
  }
  return [
    create("span", { class: "label" }, text.slice(0, -common.length)),
    create("span", { class: "label label-end" }, common),
  ];
}

/** The text with the words of a search marked. */
function marked(text: string, words: readonly string[]): Child[] {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (escaped.length === 0) return [text];
  return text
    .split(new RegExp(`(${escaped.join("|")})`, "giu"))
    .map((part, index) => (index % 2 === 1 ? create("mark", {}, part) : part));
}
