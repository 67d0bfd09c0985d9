/** The line over everything: which model, how far the analysis is, what computes it. */
import type { AnalysisState } from "../server/protocol.ts";
import type { ViewCommand } from "./protocol.ts";
import type { Store } from "./store.ts";
import { button, create } from "./ui/dom.ts";
import { baseName, formatBytes, formatCount, formatDuration, formatInteger, plural } from "./ui/format.ts";
import { icon, iconButton } from "./ui/icons.ts";
import { visibleText } from "./ui/text.ts";

const actions: Readonly<
  Partial<Record<AnalysisState["phase"], { readonly label: string; readonly command: ViewCommand }>>
> = {
  waiting: { label: "Analyse", command: "analyse" },
  running: { label: "Pause", command: "pause" },
  paused: { label: "Resume", command: "resume" },
  cancelled: { label: "Resume", command: "analyse" },
};

export class Header {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #model = create("div", { class: "model" });
  readonly #progress = create("div", { class: "progress", testid: "progress" });
  readonly #bar = create("progress", { class: "progress-bar", attributes: { "aria-label": "Analysis" } });
  readonly #words = create("span", { class: "progress-words", attributes: { role: "status" } });
  /** Goes on, or interrupts. */
  readonly #action = button("", () => {
    const command = actions[this.#store.analysis.phase]?.command;
    if (command !== undefined) this.#store.host.send({ type: "command", command });
  });
  readonly #cancel = button(
    "Cancel",
    () => {
      this.#store.host.send({ type: "command", command: "cancel" });
    },
    { secondary: true, testid: "cancel" },
  );
  readonly #engine = create("button", {
    class: "engine",
    testid: "engine",
    attributes: { type: "button" },
    onClick: () => {
      this.#store.host.send({ type: "command", command: "adapter" });
    },
  });
  readonly #problems = create("div", { class: "banner", testid: "problems" });
  readonly #trouble = create("div", { class: "banner", testid: "engine-problem", attributes: { role: "status" } });

  constructor(store: Store) {
    this.#store = store;
    this.#action.dataset["testid"] = "analyse";
    this.#progress.append(this.#bar, this.#words, this.#action, this.#cancel);
    this.#progress.hidden = true;
    this.#problems.hidden = true;
    this.#trouble.hidden = true;
    this.element = create(
      "header",
      { class: "header" },
      create(
        "div",
        { class: "header-line" },
        this.#model,
        this.#progress,
        this.#engine,
        iconButton("outline", "Open the outline document", () => {
          store.host.send({ type: "command", command: "outline" });
        }),
      ),
      this.#problems,
      this.#trouble,
    );
    store.on("checkpoint", () => {
      this.#showModel();
      this.#showProblems();
    });
    store.on("analysis", () => {
      this.#showProgress();
    });
    store.on("engine", () => {
      this.#showEngine();
      this.#showProgress();
    });
  }

  #showModel(): void {
    const catalogue = this.#store.checkpoint?.catalogue;
    if (catalogue === undefined) return;
    const fact = (text: string, title?: string): HTMLElement =>
      create("span", title === undefined ? { class: "model-fact" } : { class: "model-fact", title }, text);
    this.#model.replaceChildren(
      create(
        "button",
        {
          class: "model-name",
          title: `${visibleText(catalogue.path)}\nClick for the overview`,
          attributes: { type: "button" },
          onClick: () => {
            this.#store.select({ kind: "nothing" });
          },
        },
        visibleText(catalogue.family ?? baseName(catalogue.path), 80),
      ),
      fact(`${formatCount(catalogue.parameters)} parameters`, formatInteger(catalogue.parameters)),
      fact(plural(catalogue.tensors.length, "tensor")),
      fact(formatBytes(catalogue.bytes), `${formatInteger(catalogue.bytes)} bytes of tensor data`),
      fact(plural(catalogue.files.length, "file")),
    );
  }

  #showProblems(): void {
    const problems = this.#store.checkpoint?.catalogue.problems ?? [];
    const [first] = problems;
    this.#problems.hidden = first === undefined;
    if (first === undefined) return;
    const severity = problems.some((problem) => problem.severity === "error") ? "error" : first.severity;
    const worst = problems.find((problem) => problem.severity === severity) ?? first;
    const files = this.#store.checkpoint?.catalogue.files.length ?? 0;
    const message = files > 1 ? `${baseName(worst.path)}: ${worst.message}` : worst.message;
    this.#problems.className = `banner tone-${severity}`;
    this.#problems.replaceChildren(
      icon(severity),
      create("span", { class: "banner-text", title: visibleText(message, 1000) }, visibleText(message, 300)),
      problems.length > 1
        ? create(
            "button",
            {
              class: "link",
              attributes: { type: "button" },
              onClick: () => {
                this.#store.select({ kind: "nothing" });
              },
            },
            `and ${formatInteger(problems.length - 1)} more`,
          )
        : "",
    );
  }

  #showProgress(): void {
    const { analysis } = this.#store;
    const { phase, done, total, estimatedSeconds } = analysis;
    this.#progress.hidden = total === 0 && phase !== "running";
    this.#progress.dataset["phase"] = phase;
    this.#progress.dataset["done"] = String(done);
    this.#bar.hidden = phase !== "running" && phase !== "paused";
    if (total > 0) {
      this.#bar.max = total;
      this.#bar.value = done;
    }
    const of = `${formatInteger(done)} of ${formatInteger(total)}`;
    const left = estimatedSeconds === null ? "" : ` · about ${formatDuration(estimatedSeconds)} left`;
    const toDo = `${plural(total, "matrix", "matrices")} to analyse`;
    const words = {
      waiting: done > 0 ? of + left : toDo + left.replace(/ left$/, ""),
      running: of + left,
      paused: `Paused at ${of}${left}`,
      cancelled: `Stopped at ${of}${left}`,
      done: `${plural(total, "matrix", "matrices")} analysed`,
      unavailable: done > 0 ? `${of} known` : "Not analysed",
    }[phase];
    if (this.#words.textContent !== words) this.#words.textContent = words;
    const action = actions[phase];
    this.#action.textContent = action?.label ?? "";
    this.#action.hidden = action === undefined;
    this.#action.classList.toggle("secondary", phase === "running");
    this.#cancel.hidden = phase !== "running" && phase !== "paused";
  }

  #showEngine(): void {
    const { engine } = this.#store;
    if (engine === null) return;
    this.#engine.dataset["phase"] = engine.phase;
    const { adapter, backend, software } = engine;
    const words = {
      idle: "",
      starting: "Starting the GPU …",
      ready: `${visibleText(adapter ?? "GPU", 60)}${software ? " (software)" : ""}`,
      unavailable: "No GPU",
    }[engine.phase];
    this.#engine.hidden = words === "";
    this.#engine.title = [
      visibleText(adapter ?? words),
      backend ?? "",
      software ? "software adapter" : "",
      engine.message ?? "",
      "Click to choose another GPU",
    ]
      .filter((part) => part !== "")
      .join("\n");
    this.#engine.replaceChildren(icon("chip"), create("span", { class: "engine-name" }, words));

    this.#trouble.hidden = engine.message === null;
    if (engine.message === null) return;
    const tone = engine.phase === "unavailable" ? "warning" : "information";
    this.#trouble.className = `banner tone-${tone}`;
    const command = (label: string, name: ViewCommand): HTMLElement =>
      create(
        "button",
        {
          class: "link",
          attributes: { type: "button" },
          onClick: () => {
            this.#store.host.send({ type: "command", command: name });
          },
        },
        label,
      );
    this.#trouble.replaceChildren(
      icon(tone),
      create(
        "span",
        { class: "banner-text wrap" },
        [engine.message, engine.remedy ?? ""]
          .map((part) => visibleText(part, 1000))
          .join(" ")
          .trim(),
      ),
      command("Choose a GPU", "adapter"),
      command("Log", "log"),
      command("Settings", "settings"),
    );
  }
}
