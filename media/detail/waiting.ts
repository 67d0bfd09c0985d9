/** Why there is no result yet, what can be done about it, and how long that takes. */
import { t } from "../../server/text/l10n.ts";
import type { Estimate } from "../../server/protocol.ts";
import type { Store } from "../store.ts";
import { button, create } from "../ui/dom.ts";
import { formatDuration, formatInteger, plural } from "../ui/format.ts";
import { icon } from "../ui/icons.ts";
import { visibleText } from "../ui/text.ts";

/** What the card is about: a tensor, by its name and the ids of its matrices. */
export interface Awaited {
  readonly tensor: string;
  readonly ids: readonly string[];
}

/**
 * In place of a spectrum.
 * @param awaited the tensor it is about, which can be analysed alone; null for several
 */
export function waitingCard(store: Store, awaited: Awaited | null = null): HTMLElement {
  const { analysis, engine } = store;
  const card = create("section", { class: "card waiting", testid: "waiting", attributes: { role: "status" } });
  const say = (title: string, text: string, ...actions: HTMLElement[]): HTMLElement => {
    card.append(create("h3", {}, title), create("p", {}, text));
    if (actions.length > 0) card.append(create("div", { class: "actions" }, ...actions));
    return card;
  };

  if (analysis.phase === "unavailable" || engine?.phase === "unavailable") {
    return say(
      t("The spectrum cannot be computed here"),
      [engine?.message ?? t("There is no GPU adapter."), engine?.remedy ?? ""].join(" ").trim(),
      ...remedies(store),
    );
  }
  if (analysis.phase === "waiting") {
    return say(
      t("Not analysed yet"),
      t("Long analyses begin when you ask for them."),
      ...thisTensor(store, awaited),
      everything(store, t("Analyse the checkpoint")),
    );
  }
  if (analysis.phase === "paused") {
    return say(
      t("Not analysed yet"),
      t("The analysis is paused."),
      ...thisTensor(store, awaited),
      everything(store, t("Resume"), "resume"),
    );
  }
  if (analysis.phase === "cancelled") {
    return say(
      t("Not analysed"),
      t("The analysis was stopped before it came to this matrix."),
      ...thisTensor(store, awaited),
      everything(store, t("Resume")),
    );
  }
  if (analysis.phase === "running") {
    card.classList.add("busy");
    return say(
      t("Computing the spectrum …"),
      t(
        "What you look at comes next. {0} of {1} matrices are done.",
        formatInteger(analysis.done),
        formatInteger(analysis.total),
      ),
    );
  }
  return say(t("No result"), t("The analysis is over and has nothing on this matrix."), ...thisTensor(store, awaited));
}

/**
 * Over everything else, where the analysis of a checkpoint takes long: what it takes here, and the choice. Null where
 * there is nothing to decide.
 */
export function decisionCard(store: Store): HTMLElement | null {
  const { analysis, engine } = store;
  const { phase, done, total, estimatedSeconds } = analysis;
  if (phase !== "waiting" || estimatedSeconds === null || total === 0 || engine?.phase === "unavailable") return null;
  const adapter = visibleText(engine?.adapter ?? t("this machine"), 80);
  const place = engine?.software === true ? t("{0}, in software", adapter) : adapter;
  return create(
    "section",
    { class: "card decision", testid: "decision", attributes: { "aria-labelledby": "decision-title" } },
    icon("clock"),
    create(
      "div",
      { class: "decision-text" },
      create(
        "h3",
        { attributes: { id: "decision-title" } },
        t("Analysing takes about {0}", formatDuration(estimatedSeconds)),
      ),
      create(
        "p",
        {},
        [
          done > 0
            ? plural(total - done, "{0} matrix is left on {1}.", "{0} matrices are left on {1}.", place)
            : plural(total, "{0} matrix to compute on {1}.", "{0} matrices to compute on {1}.", place),
          done > 0
            ? t(
                "What is here so far comes from the headers and earlier results; opening a tensor lets you analyse just that one.",
              )
            : t("What is here so far comes from the headers; opening a tensor lets you analyse just that one."),
          t("You can pause at any time, and what is computed stays."),
        ].join(" "),
      ),
      create(
        "div",
        { class: "actions" },
        button(
          t("Analyse the checkpoint"),
          () => {
            store.host.send({ type: "command", command: "analyse" });
          },
          { testid: "decide" },
        ),
        button(
          t("Choose another GPU"),
          () => {
            store.host.send({ type: "command", command: "adapter" });
          },
          { secondary: true },
        ),
      ),
    ),
  );
}

function remedies(store: Store): HTMLElement[] {
  return [
    button(t("Choose another GPU"), () => {
      store.host.send({ type: "command", command: "adapter" });
    }),
    button(
      t("Show log"),
      () => {
        store.host.send({ type: "command", command: "log" });
      },
      { secondary: true },
    ),
  ];
}

/** A button that analyses one tensor; how long it takes comes a moment later. */
function thisTensor(store: Store, awaited: Awaited | null): HTMLElement[] {
  if (awaited === null) return [];
  const { tensor, ids } = awaited;
  const time = create("span", { class: "button-note" });
  const analyse = button(
    t("Analyse this tensor"),
    () => {
      store.host.send({ type: "analyse", tensor });
    },
    { testid: "analyse-tensor" },
  );
  void store.host.estimate(ids).then(
    ({ seconds }: Estimate) => {
      time.textContent = seconds === null ? "" : t("about {0}", formatDuration(seconds));
    },
    // Without it the button does as well.
    () => undefined,
  );
  return [create("span", { class: "noted" }, analyse, time)];
}

function everything(store: Store, label: string, command: "analyse" | "resume" = "analyse"): HTMLElement {
  const { estimatedSeconds } = store.analysis;
  const analyse = button(
    label,
    () => {
      store.host.send({ type: "command", command });
    },
    { secondary: true },
  );
  const note = estimatedSeconds === null ? "" : t("about {0}", formatDuration(estimatedSeconds));
  return create("span", { class: "noted" }, analyse, create("span", { class: "button-note" }, note));
}
