/** One line of the tree as an element. */
import { storedAs } from "../../server/text/stored-as.ts";
import { t } from "../../server/text/l10n.ts";
import { isMetric, type TreeColumn } from "../model/columns.ts";
import { gradePresentation } from "../model/grades.ts";
import { matrixId } from "../model/matrix-ids.ts";
import { formatMetric, metricLabel } from "../model/metric-texts.ts";
import { entryCount, type TensorNode, type TreeNode } from "../model/nodes.ts";
import { metricOf } from "../model/sort.ts";
import type { Sparkline, Sparklines } from "../model/sparklines.ts";
import type { Store } from "../store.ts";
import { describeTally, gradeBadge, tallyBadge } from "../ui/badge.ts";
import { create, createSvg, uniqueId, type Child } from "../ui/dom.ts";
import { exact, formatBytes, formatCount, formatInteger, formatShape, plural } from "../ui/format.ts";
import { icon, type IconName } from "../ui/icons.ts";
import { visibleName, visibleText } from "../ui/text.ts";
import type { Row } from "./rows.ts";

/** What all lines have in common. */
export interface RowContext {
  readonly columns: readonly TreeColumn[];
  /** Finds what a search marks in the names. */
  readonly marks: RegExp | null;
  /** The tensors stand in a list of their own, without the blocks that say the first half of their names. */
  readonly flat: boolean;
  readonly store: Store;
  readonly sparklines: Sparklines;
}

export class RowElement {
  readonly element: HTMLElement;
  readonly #context: RowContext;
  readonly #cells = new Map<string, HTMLElement>();
  #row: Row;

  constructor(row: Row, context: RowContext) {
    this.#row = row;
    this.#context = context;
    const { node } = row;
    const { flat, marks, columns } = context;
    const twistie = create("span", { class: "twistie" });
    if (node.kind === "group") twistie.append(icon("chevron-right"));
    const name = create("span", { class: "cell cell-name", attributes: { role: "rowheader" } });
    // One guide for each level above, as VS Code's own trees draw them.
    for (let level = 1; level < this.#level; level++) name.append(create("span", { class: "indent" }));
    name.append(twistie);
    if (node.kind === "tensor") name.append(create("span", { class: "kind" }, icon(kindIcon(node))));
    name.append(...(node.kind === "group" ? groupLabel : label)(visibleName(node.label), marks));
    if (flat && node.kind === "tensor" && node.tensor.block !== "") name.append(blockLabel(node.tensor.block));

    for (const { key, end } of columns) {
      this.#cells.set(
        key,
        create("span", {
          class: `cell cell-${key}${end ? " cell-end" : ""}`,
          attributes: { role: "gridcell" },
        }),
      );
    }
    this.element = create(
      "div",
      { class: `row row-${node.kind}`, testid: "tree-row", attributes: { role: "row", id: uniqueId("row") } },
      name,
      ...this.#cells.values(),
    );
    this.element.dataset["name"] = node.kind === "tensor" ? node.tensor.name : node.label;
    this.element.setAttribute("aria-level", String(this.#level));
    this.#fillFacts();
    this.updateGrade();
    this.updateNumbers();
    this.updateSpectrum();
    this.place(row, 0, false, false);
  }

  get #level(): number {
    return this.#context.flat ? 1 : this.#row.node.level;
  }

  /** Takes over what may change while a line stays: its place, whether it is open, selected, the one that keys act on. */
  place(row: Row, index: number, selected: boolean, active: boolean): void {
    this.#row = row;
    const { element } = this;
    element.setAttribute("aria-posinset", String(row.position));
    element.setAttribute("aria-setsize", String(row.siblings));
    // The headings are the first row.
    element.setAttribute("aria-rowindex", String(index + 2));
    if (row.expanded !== null) element.setAttribute("aria-expanded", String(row.expanded));
    element.setAttribute("aria-selected", String(selected));
    element.classList.toggle("active", active);
  }

  updateGrade(): void {
    const { node } = this.#row;
    const { grade, badge, words } = gradeOf(node);
    this.element.dataset["grade"] = grade;
    this.#cells.get("grade")?.replaceChildren(...(badge === null ? [] : [badge]));
    this.element.setAttribute("aria-label", `${describe(node)}${words === "" ? "" : `, ${words}`}`);
    this.element.title = tooltip(node);
  }

  /** Takes over what is known of the metrics now. */
  updateNumbers(): void {
    const { node } = this.#row;
    if (node.kind === "group" || node.tensor.matrices === 0) return;
    for (const [key, cell] of this.#cells) {
      if (!isMetric(key)) continue;
      const column = this.#context.store.metrics.get(key);
      if (column === null) continue;
      const { value, noise } = metricOf(node, column);
      const known = !Number.isNaN(value);
      cell.textContent = known ? formatMetric(key, value) : "";
      const measured = node.tensor.matrices > 1 ? t("median of {0}", exact(value)) : exact(value);
      const expected = Number.isNaN(noise) ? "" : `\n${t("noise: {0}", formatMetric(key, noise))}`;
      cell.title = known ? `${metricLabel(key)}: ${measured}${expected}` : "";
    }
  }

  updateSpectrum(): void {
    const cell = this.#cells.get("spectrum");
    const { node } = this.#row;
    if (cell === undefined || node.kind === "group" || node.grade === null) return;
    const id = matrixId(node.tensor, 0);
    const picture = id === null ? null : this.#context.sparklines.get(id);
    if (picture === undefined) return;
    cell.replaceChildren(...(picture === null ? [] : [drawSparkline(picture)]));
  }

  #fillFacts(): void {
    const facts = factsOf(this.#row.node);
    for (const [key, text] of Object.entries(facts)) {
      const cell = this.#cells.get(key);
      if (cell === undefined) continue;
      cell.textContent = text.shown;
      if (text.exact !== undefined) cell.title = text.exact;
    }
  }
}

/** What is drawn in a line: the spectrum as an area, noise of the same shape as a thin line over it. */
function drawSparkline({ values, noise }: Sparkline): SVGSVGElement {
  const width = 60;
  const height = 16;
  const points = (heights: readonly number[]): string =>
    heights
      .map((each, index) => {
        const x = (index / (heights.length - 1)) * width;
        return `${x.toFixed(1)} ${(height - 0.5 - each * (height - 1)).toFixed(1)}`;
      })
      .join("L");
  const line = points(values);
  const svg = createSvg(
    "svg",
    { class: "sparkline", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", preserveAspectRatio: "none" },
    createSvg("path", { class: "sparkline-area", d: `M0 ${height}L${line}L${width} ${height}Z` }),
    createSvg("path", { class: "sparkline-line", d: `M${line}` }),
  );
  if (noise !== null) svg.append(createSvg("path", { class: "sparkline-noise", d: `M${points(noise)}` }));
  return svg;
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
    words: grade === null ? t("pending") : gradePresentation(grade).label,
  };
}

function kindIcon(node: TensorNode): IconName {
  if (node.tensor.matrices > 1) return "layers";
  return node.tensor.shape.length > 1 ? "matrix" : "vector";
}

interface Fact {
  readonly shown: string;
  readonly exact?: string;
}

function factsOf(node: TreeNode): Readonly<Record<string, Fact>> {
  if (node.kind === "group") {
    return {
      shape: { shown: plural(node.tensors, "{0} tensor", "{0} tensors") },
      parameters: { shown: formatCount(node.parameters), exact: formatInteger(node.parameters) },
      size: { shown: formatBytes(node.bytes), exact: t("{0} bytes", formatInteger(node.bytes)) },
    };
  }
  const { role, shape, bytes } = node.tensor;
  const entries = entryCount(node.tensor);
  return {
    role: { shown: role === "other" ? "" : role },
    dtype: { shown: storedAs(node.tensor) },
    shape: { shown: formatShape(shape) },
    parameters: { shown: formatCount(entries), exact: formatInteger(entries) },
    size: { shown: formatBytes(bytes), exact: t("{0} bytes", formatInteger(bytes)) },
  };
}

function describe(node: TreeNode): string {
  const text = visibleName(node.label);
  if (node.kind === "group") return `${text}, ${plural(node.tensors, "{0} tensor", "{0} tensors")}`;
  const { role, shape } = node.tensor;
  return `${text}, ${role}, ${storedAs(node.tensor)}, ${formatShape(shape)}`;
}

function tooltip(node: TreeNode): string {
  if (node.kind === "group") {
    const grades = node.tally.total === 0 ? "" : `\n${describeTally(node.tally)}`;
    return `${visibleName(node.label)}\n${plural(node.tensors, "{0} tensor", "{0} tensors")} · ${t("{0} parameters", formatCount(node.parameters))} · ${t("{0} bytes", formatInteger(node.bytes))}${grades}`;
  }
  const { name, role, shape, bytes } = node.tensor;
  return `${visibleName(name)}\n${role} · ${storedAs(node.tensor)} · ${formatShape(shape)} · ${t("{0} bytes", formatInteger(bytes))}`;
}

/** The name. What nearly all names end in gives way first where there is no room. */
function label(text: string, marks: RegExp | null): HTMLElement[] {
  const common = /.(\.(?:q?weight|weight_packed))$/.exec(text)?.[1];
  if (marks !== null || common === undefined) {
    return [create("span", { class: "label" }, ...marked(text, marks))];
  }
  return [
    create("span", { class: "label" }, text.slice(0, -common.length)),
    create("span", { class: "label label-end" }, common),
  ];
}

/** The path of a block. What blocks have in common gives way first where there is no room, its end tells them apart. */
function groupLabel(text: string, marks: RegExp | null): HTMLElement[] {
  const segments = text.split(".");
  if (marks !== null || segments.length < 4) return [create("span", { class: "label" }, ...marked(text, marks))];
  return [
    create("span", { class: "label label-start" }, `${segments.slice(0, -2).join(".")}.`),
    create("span", { class: "label" }, segments.slice(-2).join(".")),
  ];
}

/** Where a tensor of a list belongs: the end of the block's path tells it from its neighbours. */
function blockLabel(block: string): HTMLElement {
  return create("span", { class: "label-block" }, visibleText(block.split(".").slice(-2).join("."), 40));
}

/** The text with what a search found marked. */
function marked(text: string, marks: RegExp | null): Child[] {
  if (marks === null) return [text];
  const parts: Child[] = [];
  let end = 0;
  for (const found of text.matchAll(marks)) {
    if (found[0] === "") continue;
    parts.push(text.slice(end, found.index), create("mark", {}, found[0]));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}
