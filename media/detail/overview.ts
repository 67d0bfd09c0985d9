/** The whole checkpoint: what is in it, how it was graded, and what deserves a look. */
import { t } from "../../server/text/l10n.ts";
import type { Catalogue, MatrixResult } from "../../server/protocol.ts";
import { isExpectedGrade } from "../../server/spectrum/expected-grade.ts";
import { gradePresentation, isFinding } from "../model/grades.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { storedAs } from "../../server/text/stored-as.ts";
import { entryCount } from "../model/nodes.ts";
import type { Store } from "../store.ts";
import { gradeBadge, tallyBar } from "../ui/badge.ts";
import { emptyState } from "../ui/empty.ts";
import { button, create } from "../ui/dom.ts";
import { baseName, formatBytes, formatCount, formatInteger, formatShare, plural } from "../ui/format.ts";
import { icon } from "../ui/icons.ts";
import { factList } from "../ui/table.ts";
import { visibleName, visibleText } from "../ui/text.ts";
import { Across } from "./across.ts";
import type { DetailView } from "./view.ts";
import { decisionCard } from "./waiting.ts";

const mostFindings = 200;
const mostMetadata = 100;
const refreshAfter = 250;

export class Overview implements DetailView {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #checkpoint: Checkpoint;
  readonly #across: Across;
  readonly #grades = create("div", { class: "grades" });
  readonly #decision = create("div", { class: "decision-place" });
  readonly #findings = create("div", { class: "findings", testid: "findings" });
  readonly #list = create("ul", { class: "finding-list" });
  readonly #more = create("p", { class: "hint" });
  /** The lines of the list, by what they say: those that stay are not made again. */
  #rows = new Map<string, HTMLElement>();
  /** The way to the attention heads, where there are some. */
  readonly #heads = create("div", { class: "heads-link" });
  #disposed = false;
  #refresh: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, checkpoint: Checkpoint) {
    this.#store = store;
    this.#checkpoint = checkpoint;
    this.#across = new Across(store, checkpoint);
    const { catalogue } = checkpoint;
    this.element = create(
      "article",
      { class: "overview", testid: "overview" },
      create(
        "h2",
        { class: "title", title: visibleText(catalogue.path), attributes: { tabindex: "-1" } },
        ...title(catalogue.path),
      ),
      factList([
        [t("Family"), catalogue.family ?? t("unknown")],
        [t("Parameters"), formatCount(catalogue.parameters), formatInteger(catalogue.parameters)],
        [t("Tensors"), formatInteger(catalogue.tensors.length)],
        [t("Matrices"), formatInteger(checkpoint.root.tally.total)],
        [t("Size"), formatBytes(catalogue.bytes), t("{0} bytes of tensor data", formatInteger(catalogue.bytes))],
        [t("Files"), formatInteger(catalogue.files.length)],
      ]),
      this.#decision,
      catalogue.problems.length > 0 ? problemList(store, catalogue) : "",
      // A file that could not be read has nothing to count.
      ...(catalogue.tensors.length > 0
        ? [card(t("Grades"), this.#grades, this.#findings), this.#heads, this.#across.element]
        : catalogue.problems.length > 0
          ? []
          : [
              create(
                "section",
                { class: "card" },
                emptyState("layers", t("There is nothing to analyse: the header names no tensors.")),
              ),
            ]),
      create(
        "div",
        { class: catalogue.tensors.length > 0 ? "columns" : "stack" },
        catalogue.tensors.length > 0 ? card(t("Parameters by role"), this.#shares("role")) : "",
        create(
          "div",
          { class: "stack" },
          catalogue.tensors.length > 0 ? card(t("Parameters by dtype"), this.#shares("dtype")) : "",
          card(t("Files"), fileTable(catalogue)),
          Object.keys(catalogue.metadata).length > 0 ? card(t("Metadata"), metadataTable(catalogue)) : "",
        ),
      ),
    );
    this.#draw();
    this.#decide();
    this.#heads.hidden = true;
    void this.#offerHeads();
  }

  readonly results = (): void => {
    this.#redraw();
  };

  readonly analysis = (): void => {
    this.#decide();
    this.#redraw();
  };

  dispose(): void {
    this.#disposed = true;
    this.#across.dispose();
    clearTimeout(this.#refresh);
  }

  #decide(): void {
    const card = decisionCard(this.#store);
    // The button under someone's finger must not be replaced by an equal one.
    if ((card?.textContent ?? "") === this.#decision.textContent) return;
    this.#decision.replaceChildren(...(card === null ? [] : [card]));
  }

  async #offerHeads(): Promise<void> {
    const portions = await this.#store.portions().catch(() => null);
    if (this.#disposed || portions === null || portions.heads === 0) return;
    this.#heads.append(
      button(
        t("Attention heads"),
        () => {
          this.#store.select({ kind: "heads", block: null });
        },
        { secondary: true, testid: "show-heads" },
      ),
      create(
        "span",
        { class: "hint" },
        plural(
          portions.blocks.length,
          "{1} heads in {0} block",
          "{1} heads in {0} blocks",
          formatInteger(portions.heads),
        ),
      ),
    );
    this.#heads.hidden = false;
  }

  #redraw(): void {
    this.#refresh ??= setTimeout(() => {
      this.#refresh = undefined;
      this.#draw();
    }, refreshAfter);
  }

  #draw(): void {
    const { tally } = this.#checkpoint.root;
    const total = create("p", { class: "hint" }, this.#progress());
    this.#grades.replaceChildren(
      tallyBar(tally),
      create(
        "ul",
        { class: "grade-counts" },
        ...tally.entries().map(({ grade, count }) =>
          create(
            "li",
            {},
            create(
              "button",
              {
                class: "grade-count",
                title: `${gradePresentation(grade).meaning} ${t("Click to list these tensors.")}`,
                attributes: { type: "button" },
                onClick: () => {
                  this.#store.search(`grade:${grade}`);
                },
              },
              gradeBadge(grade),
              create("span", { class: "number" }, formatInteger(count)),
            ),
          ),
        ),
      ),
      total,
    );

    const { count, first: shown } = this.#checkpoint.findings(
      ({ role, grade }) => isFinding(grade) && !isExpectedGrade(role, grade),
      mostFindings,
    );
    if (count === 0) {
      this.#rows.clear();
      this.#findings.replaceChildren(create("p", { class: "hint" }, this.#nothingFound()));
      return;
    }
    const more = count - shown.length;
    this.#more.textContent = t("{0} more: click a grade to list them in the tree.", formatInteger(more));
    this.#more.hidden = more === 0;
    const rows = new Map(
      shown.map((result) => {
        const key = `${result.id}\n${result.grade}\n${result.reason}`;
        return [key, this.#rows.get(key) ?? this.#finding(result)];
      }),
    );
    // Streaming must not pull a line away from under the pointer when nothing changed in this list.
    const isSame = this.#list.isConnected && [...rows.keys()].join() === [...this.#rows.keys()].join();
    this.#rows = rows;
    if (isSame) return;
    this.#list.replaceChildren(...rows.values());
    this.#findings.replaceChildren(this.#list, this.#more);
  }

  #finding({ tensor, id, grade, reason }: MatrixResult): HTMLElement {
    return create(
      "li",
      {},
      create(
        "button",
        {
          class: "finding",
          testid: "finding",
          attributes: { type: "button" },
          title: visibleText(reason),
          onClick: () => {
            const slice = id === tensor ? null : Number(id.slice(tensor.length + 1, -1));
            this.#store.reveal(tensor, slice);
          },
        },
        gradeBadge(grade),
        create("span", { class: "finding-name" }, visibleName(id, 200)),
        create("span", { class: "finding-reason" }, visibleText(reason, 300)),
      ),
    );
  }

  #progress(): string {
    const { tally } = this.#checkpoint.root;
    if (tally.total === 0) return t("There is no matrix in this checkpoint.");
    if (tally.graded === tally.total) return t("All {0} matrices are analysed.", formatInteger(tally.total));
    return plural(
      tally.total,
      "{1} of {0} matrix analysed.",
      "{1} of {0} matrices analysed.",
      formatInteger(tally.graded),
    );
  }

  #nothingFound(): string {
    const { tally } = this.#checkpoint.root;
    if (tally.total === 0) return t("Nothing to analyse.");
    if (tally.graded < tally.total) return t("Nothing so far.");
    return t("Nothing: no matrix looks random, empty or broken.");
  }

  #shares(field: "role" | "dtype"): HTMLElement {
    const sums = new Map<string, number>();
    for (const { tensor } of this.#checkpoint.tensors) {
      const name = field === "role" ? tensor.role : storedAs(tensor);
      if (tensor.auxiliary !== true) sums.set(name, (sums.get(name) ?? 0) + entryCount(tensor));
    }
    const all = [...sums.values()].reduce((sum, value) => sum + value, 0);
    const largest = Math.max(...sums.values());
    return create(
      "ul",
      { class: "shares" },
      ...[...sums]
        .sort((left, right) => right[1] - left[1])
        .map(([name, value]) => {
          const fill = create("span", { class: "share-fill" });
          fill.style.width = `${largest === 0 ? 0 : (100 * value) / largest}%`;
          return create(
            "li",
            {},
            create(
              "button",
              {
                class: "share",
                title: `${t("{0} parameters", formatInteger(value))}. ${t("Click to list these tensors.")}`,
                attributes: { type: "button" },
                onClick: () => {
                  this.#store.search(`${field}:${name.toLowerCase()}`);
                },
              },
              create("span", { class: "share-name" }, name),
              create("span", { class: "share-bar", attributes: { "aria-hidden": "true" } }, fill),
              create("span", { class: "number" }, formatCount(value)),
              create("span", { class: "number share-part" }, all === 0 ? "" : formatShare(value / all, 2)),
            ),
          );
        }),
    );
  }
}

/** The file's name after its folder's, which mostly is the model's. */
function title(path: string): HTMLElement[] {
  const folder = baseName(path.slice(0, -baseName(path).length - 1));
  const name = create("span", {}, visibleText(baseName(path), 200));
  if (folder === "") return [name];
  return [create("span", { class: "title-folder" }, `${visibleText(folder, 80)} / `), name];
}

function card(title: string, ...content: HTMLElement[]): HTMLElement {
  return create(
    "section",
    { class: "card" },
    create("div", { class: "card-head" }, create("h3", {}, title)),
    ...content,
  );
}

function problemList(store: Store, catalogue: Catalogue): HTMLElement {
  return create(
    "section",
    { class: "card problems-card", testid: "problem-list" },
    create("div", { class: "card-head" }, create("h3", {}, t("Problems with the files"))),
    create(
      "ul",
      { class: "problem-list" },
      ...catalogue.problems.slice(0, mostFindings).map(({ severity, message, path, tensor, byteOffset }) => {
        const file = visibleText(baseName(path), 200);
        const at = byteOffset === undefined ? file : t("{0}, byte {1}", file, formatInteger(byteOffset));
        const known = tensor !== undefined && store.checkpoint?.tensor(tensor) !== undefined;
        return create(
          "li",
          { class: `tone-${severity}` },
          icon(severity),
          create(
            "div",
            {},
            create("div", { class: "problem-message" }, visibleText(message, 1000)),
            create("div", { class: "problem-place", title: visibleText(path) }, at),
            known
              ? create(
                  "button",
                  {
                    class: "link",
                    attributes: { type: "button" },
                    onClick: () => {
                      store.reveal(tensor);
                    },
                  },
                  visibleText(tensor, 120),
                )
              : "",
          ),
        );
      }),
    ),
  );
}

function fileTable(catalogue: Catalogue): HTMLElement {
  const counts = new Map<number, number>();
  for (const { file } of catalogue.tensors) counts.set(file, (counts.get(file) ?? 0) + 1);
  return create(
    "div",
    { class: "table-scroll" },
    create(
      "table",
      { class: "list-table files" },
      create("caption", { class: "visually-hidden" }, t("Files of this checkpoint")),
      create(
        "tbody",
        {},
        ...catalogue.files.map(({ path, size }, index) =>
          create(
            "tr",
            {},
            create("th", { attributes: { scope: "row" }, title: visibleText(path) }, visibleText(baseName(path), 120)),
            create("td", { class: "number" }, plural(counts.get(index) ?? 0, "{0} tensor", "{0} tensors")),
            create("td", { class: "number", title: t("{0} bytes", formatInteger(size)) }, formatBytes(size)),
          ),
        ),
      ),
    ),
  );
}

function metadataTable(catalogue: Catalogue): HTMLElement {
  const entries = Object.entries(catalogue.metadata);
  return create(
    "div",
    { class: "table-scroll" },
    create(
      "table",
      { class: "list-table metadata", testid: "metadata" },
      create("caption", { class: "visually-hidden" }, t("Metadata of the files")),
      create(
        "tbody",
        {},
        ...entries
          .slice(0, mostMetadata)
          .map(([key, value]) =>
            create(
              "tr",
              {},
              create("th", { attributes: { scope: "row" } }, visibleText(key, 120)),
              create("td", {}, visibleText(value, 2000)),
            ),
          ),
      ),
    ),
    entries.length > mostMetadata
      ? create("p", { class: "hint" }, t("The first {0} entries of {1}.", mostMetadata, formatInteger(entries.length)))
      : "",
  );
}
