/** Why there is no result yet, what can be done about it, and how long that takes. */
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
      "The spectrum cannot be computed here",
      [engine?.message ?? "There is no GPU adapter.", engine?.remedy ?? ""].join(" ").trim(),
      ...remedies(store),
    );
  }
  if (analysis.phase === "waiting") {
    return say(
      "Not analysed yet",
      "Long analyses begin when you ask for them.",
      ...thisTensor(store, awaited),
      everything(store, "Analyse the checkpoint"),
    );
  }
  if (analysis.phase === "paused") {
    return say(
      "Not analysed yet",
      "The analysis is paused.",
      ...thisTensor(store, awaited),
      everything(store, "Resume", "resume"),
    );
  }
  if (analysis.phase === "cancelled") {
    return say(
      "Not analysed",
      "The analysis was stopped before it came to this matrix.",
      ...thisTensor(store, awaited),
      everything(store, "Resume"),
    );
  }
  if (analysis.phase === "running") {
    card.classList.add("busy");
    return say(
      "Computing the spectrum …",
      `What you look at comes next. ${formatInteger(analysis.done)} of ${formatInteger(analysis.total)} matrices are done.`,
    );
  }
  return say("No result", "The analysis is over and has nothing on this matrix.", ...thisTensor(store, awaited));
}

/**
 * Over everything else, where the analysis of a checkpoint takes long: what it takes here, and the choice. Null where
 * there is nothing to decide.
 */
export function decisionCard(store: Store): HTMLElement | null {
  const { analysis, engine } = store;
  const { phase, done, total, estimatedSeconds } = analysis;
  if (phase !== "waiting" || estimatedSeconds === null || total === 0 || engine?.phase === "unavailable") return null;
  const adapter = visibleText(engine?.adapter ?? "this machine", 80);
  const left = plural(total - done, "matrix", "matrices");
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
        `Analysing takes about ${formatDuration(estimatedSeconds)}`,
      ),
      create(
        "p",
        {},
        `${left} ${done > 0 ? "are left" : "to compute"} on ${adapter}${engine?.software === true ? ", in software" : ""}. What is here so far comes from the headers${done > 0 ? " and earlier results" : ""}; opening a tensor lets you analyse just that one. You can pause at any time, and what is computed stays.`,
      ),
      create(
        "div",
        { class: "actions" },
        button(
          "Analyse the checkpoint",
          () => {
            store.host.send({ type: "command", command: "analyse" });
          },
          { testid: "decide" },
        ),
        button(
          "Choose another GPU",
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
    button("Choose another GPU", () => {
      store.host.send({ type: "command", command: "adapter" });
    }),
    button(
      "Show log",
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
    "Analyse this tensor",
    () => {
      store.host.send({ type: "analyse", tensor });
    },
    { testid: "analyse-tensor" },
  );
  void store.host.estimate(ids).then(
    ({ seconds }: Estimate) => {
      time.textContent = seconds === null ? "" : `about ${formatDuration(seconds)}`;
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
  const note = estimatedSeconds === null ? "" : `about ${formatDuration(estimatedSeconds)}`;
  return create("span", { class: "noted" }, analyse, create("span", { class: "button-note" }, note));
}
