/** The line over everything: which model, how far the analysis is, what computes it. */
import { t } from "../server/text/l10n.ts";
import type { AnalysisState } from "../server/protocol.ts";
import type { ViewCommand } from "./protocol.ts";
import type { Store } from "./store.ts";
import { button, create } from "./ui/dom.ts";
import { baseName, formatBytes, formatCount, formatDuration, formatInteger, plural } from "./ui/format.ts";
import { icon, iconButton } from "./ui/icons.ts";
import { visibleText } from "./ui/text.ts";

const actions: Readonly<
  Partial<Record<AnalysisState["phase"], { readonly label: () => string; readonly command: ViewCommand }>>
> = {
  waiting: { label: () => t("Analyse"), command: "analyse" },
  running: { label: () => t("Pause"), command: "pause" },
  paused: { label: () => t("Resume"), command: "resume" },
  cancelled: { label: () => t("Resume"), command: "analyse" },
};

export class Header {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #model = create("div", { class: "model" });
  readonly #progress = create("div", { class: "progress", testid: "progress" });
  readonly #bar = create("progress", { class: "progress-bar", attributes: { "aria-label": t("Analysis") } });
  readonly #words = create("span", { class: "progress-words", attributes: { role: "status" } });
  /** Goes on, or interrupts. */
  readonly #action = button("", () => {
    const command = actions[this.#store.analysis.phase]?.command;
    if (command !== undefined) this.#store.host.send({ type: "command", command });
  });
  readonly #cancel = button(
    t("Cancel"),
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
        create(
          "div",
          { class: "header-actions" },
          this.#engine,
          iconButton("outline", t("Open the outline document"), () => {
            store.host.send({ type: "command", command: "outline" });
          }),
          iconButton("export", t("Save a report, or the results as data"), () => {
            store.host.send({ type: "command", command: "export" });
          }),
        ),
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
          title: `${visibleText(catalogue.path)}\n${t("Click for the overview")}`,
          attributes: { type: "button" },
          onClick: () => {
            this.#store.select({ kind: "nothing" });
          },
        },
        visibleText(catalogue.family ?? baseName(catalogue.path), 80),
      ),
      fact(t("{0} parameters", formatCount(catalogue.parameters)), formatInteger(catalogue.parameters)),
      fact(plural(catalogue.tensors.length, "{0} tensor", "{0} tensors")),
      fact(formatBytes(catalogue.bytes), t("{0} bytes of tensor data", formatInteger(catalogue.bytes))),
      fact(plural(catalogue.files.length, "{0} file", "{0} files")),
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
            t("and {0} more", formatInteger(problems.length - 1)),
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
    const known = t("{0} of {1}", formatInteger(done), formatInteger(total));
    const time = estimatedSeconds === null ? null : formatDuration(estimatedSeconds);
    const left = (words: string): string => (time === null ? words : `${words} · ${t("about {0} left", time)}`);
    const words = {
      waiting: (): string => {
        if (done > 0) return left(known);
        const toDo = plural(total, "{0} matrix to analyse", "{0} matrices to analyse");
        return time === null ? toDo : `${toDo} · ${t("about {0}", time)}`;
      },
      running: () => left(known),
      paused: () => left(t("Paused at {0}", known)),
      cancelled: () => left(t("Stopped at {0}", known)),
      done: () => plural(total, "{0} matrix analysed", "{0} matrices analysed"),
      unavailable: () => (done > 0 ? t("{0} known", known) : t("Not analysed")),
    }[phase]();
    if (this.#words.textContent !== words) this.#words.textContent = words;
    const action = actions[phase];
    this.#action.textContent = action?.label() ?? "";
    this.#action.hidden = action === undefined;
    this.#action.classList.toggle("secondary", phase === "running");
    this.#cancel.hidden = phase !== "running" && phase !== "paused";
  }

  #showEngine(): void {
    const { engine } = this.#store;
    if (engine === null) return;
    this.#engine.dataset["phase"] = engine.phase;
    const { adapter, backend, software } = engine;
    const name = visibleText(adapter ?? "GPU", 60);
    const words = {
      idle: "",
      starting: t("Starting the GPU …"),
      ready: software ? t("{0} (software)", name) : name,
      unavailable: t("No GPU"),
    }[engine.phase];
    this.#engine.hidden = words === "";
    this.#engine.title = [
      visibleText(adapter ?? words),
      backend ?? "",
      software ? t("software adapter") : "",
      engine.message ?? "",
      t("Click to choose another GPU"),
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
      command(t("Choose a GPU"), "adapter"),
      command(t("Show log"), "log"),
      command(t("Settings"), "settings"),
    );
  }
}
