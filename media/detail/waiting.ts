/** Why there is no result yet, and what can be done about it. */
import type { Store } from "../store.ts";
import { button, create } from "../ui/dom.ts";
import { formatDuration, formatInteger } from "../ui/format.ts";

export function waitingCard(store: Store): HTMLElement {
  const { analysis, engine } = store;
  const card = create("section", { class: "card waiting", testid: "waiting", attributes: { role: "status" } });
  const say = (title: string, text: string, ...actions: HTMLElement[]): HTMLElement => {
    card.append(create("h3", {}, title), create("p", {}, text));
    if (actions.length > 0) card.append(create("div", { class: "actions" }, ...actions));
    return card;
  };
  const analyse = (label: string): HTMLElement =>
    button(label, () => {
      store.host.send({ type: "command", command: "analyse" });
    });

  if (analysis.phase === "unavailable" || engine?.phase === "unavailable") {
    return say(
      "The spectrum cannot be computed here",
      [engine?.message ?? "There is no GPU adapter.", engine?.remedy ?? ""].join(" ").trim(),
      button(
        "Show log",
        () => {
          store.host.send({ type: "command", command: "log" });
        },
        { secondary: true },
      ),
    );
  }
  if (analysis.phase === "waiting") {
    const time = analysis.estimatedSeconds;
    return say(
      "Not analysed yet",
      `The spectrum is computed when you ask for it${time === null ? "" : `; for the whole checkpoint that takes about ${formatDuration(time)} here`}.`,
      analyse("Analyse checkpoint"),
    );
  }
  if (analysis.phase === "cancelled") {
    return say("Not analysed", "The analysis was stopped before it came to this matrix.", analyse("Resume"));
  }
  if (analysis.phase === "running") {
    card.classList.add("busy");
    return say(
      "Computing the spectrum …",
      `What you look at comes next. ${formatInteger(analysis.done)} of ${formatInteger(analysis.total)} matrices are done.`,
    );
  }
  return say("No result", "The analysis is over and has nothing on this matrix.", analyse("Analyse again"));
}
