/** A block or an expert: its tensors with what is known of each. */
import { storedAs } from "../../server/text/stored-as.ts";
import { t } from "../../server/text/l10n.ts";
import type { GroupNode, TensorNode } from "../model/nodes.ts";
import type { Store } from "../store.ts";
import { gradeBadge, tallyBadge } from "../ui/badge.ts";
import { button, create } from "../ui/dom.ts";
import { formatBytes, formatCount, formatInteger, formatShape, plural } from "../ui/format.ts";
import { factList } from "../ui/table.ts";
import { visibleName, visibleText } from "../ui/text.ts";
import { breadcrumb } from "./breadcrumb.ts";
import type { DetailView } from "./view.ts";

const most = 500;

function column(label: string, style = ""): HTMLElement {
  return create("th", { class: style, attributes: { scope: "col" } }, label);
}

interface Line {
  readonly grade: HTMLElement;
  readonly reason: HTMLElement;
}

export class GroupView implements DetailView {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #group: GroupNode;
  readonly #lines = new Map<TensorNode, Line>();
  readonly #summary = create("span", { class: "summary" });
  readonly #headsLink = create("div", { class: "heads-link" });
  #disposed = false;

  constructor(store: Store, group: GroupNode) {
    this.#store = store;
    this.#group = group;
    this.#headsLink.hidden = true;
    const shown: TensorNode[] = [];
    for (const leaf of group.leaves()) {
      if (shown.length === most) break;
      shown.push(leaf);
    }
    this.element = create(
      "article",
      { class: "group" },
      breadcrumb(store, group),
      create("h2", { class: "title", attributes: { tabindex: "-1" } }, visibleName(group.label, 400)),
      factList([
        [t("Tensors"), formatInteger(group.tensors)],
        [t("Parameters"), formatCount(group.parameters), formatInteger(group.parameters)],
        [t("Size"), formatBytes(group.bytes), t("{0} bytes", formatInteger(group.bytes))],
        [t("Matrices"), formatInteger(group.tally.total)],
      ]),
      this.#headsLink,
      create(
        "section",
        { class: "card", testid: "block-table" },
        create("div", { class: "card-head" }, create("h3", {}, t("Tensors")), this.#summary),
        create(
          "div",
          { class: "table-scroll" },
          create(
            "table",
            { class: "list-table block-table" },
            create("caption", { class: "visually-hidden" }, t("Tensors of this block")),
            create(
              "thead",
              {},
              create(
                "tr",
                {},
                column(t("Name")),
                column(t("Role")),
                column(t("Dtype")),
                column(t("Shape")),
                column(t("Size"), "number"),
                column(t("Grade")),
                column(t("Why"), "reason"),
              ),
            ),
            create("tbody", {}, ...shown.map((node) => this.#line(node))),
          ),
        ),
        group.tensors > most
          ? create("p", { class: "hint" }, t("The first {0} are listed; the tree has them all.", formatInteger(most)))
          : "",
      ),
    );
    this.#updateSummary();
    void this.#offerHeads();
  }

  dispose(): void {
    this.#disposed = true;
  }

  readonly results = (changed: ReadonlySet<TensorNode>): void => {
    let touched = false;
    for (const node of changed) {
      const line = this.#lines.get(node);
      if (line === undefined) continue;
      this.#fill(node, line);
      touched = true;
    }
    if (touched || this.#group.tensors > most) this.#updateSummary();
  };

  /** A block with attention leads to its heads. */
  async #offerHeads(): Promise<void> {
    const block = this.#group.label;
    if (this.#group.key !== `block:${block}`) return;
    const portions = await this.#store.portions().catch(() => null);
    const groups = portions?.inBlock(block) ?? [];
    if (this.#disposed || groups.length === 0) return;
    const count = groups.reduce((sum, { ids }) => sum + ids.length, 0);
    this.#headsLink.append(
      button(
        t("Attention heads"),
        () => {
          this.#store.select({ kind: "heads", block });
        },
        { secondary: true, testid: "show-heads" },
      ),
      create(
        "span",
        { class: "hint" },
        plural(count, "{0} head, a matrix of its own", "{0} heads, each a matrix of its own"),
      ),
    );
    this.#headsLink.hidden = false;
  }

  #updateSummary(): void {
    if (this.#group.tally.total > 0) this.#summary.replaceChildren(tallyBadge(this.#group.tally));
  }

  #fill(node: TensorNode, { grade, reason }: Line): void {
    const { tensor } = node;
    if (tensor.matrices === 0) return;
    grade.replaceChildren(node.tally === null ? gradeBadge(node.grade) : tallyBadge(node.tally));
    reason.textContent = visibleText(this.#store.checkpoint?.result(tensor.name)?.reason ?? "", 200);
  }

  #line(node: TensorNode): HTMLElement {
    const { name, role, shape, bytes } = node.tensor;
    const line: Line = { grade: create("td", {}), reason: create("td", { class: "reason" }) };
    this.#lines.set(node, line);
    this.#fill(node, line);
    // A tensor of an expert is told apart from its siblings by the expert.
    const prefix = node.parent === this.#group ? "" : `${node.parent.label} · `;
    return create(
      "tr",
      {},
      create(
        "th",
        { attributes: { scope: "row" }, title: visibleName(name) },
        create(
          "button",
          {
            class: "link",
            attributes: { type: "button" },
            onClick: () => {
              this.#store.reveal(name);
            },
          },
          visibleName(prefix + node.label, 80),
        ),
      ),
      create("td", {}, role === "other" ? "" : role),
      create("td", {}, storedAs(node.tensor)),
      create("td", { class: "shape" }, formatShape(shape)),
      create("td", { class: "number", title: t("{0} bytes", formatInteger(bytes)) }, formatBytes(bytes)),
      line.grade,
      line.reason,
    );
  }
}
