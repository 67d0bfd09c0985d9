/** The singular vectors of a matrix: how random each looks, on demand, because they take longer than the values. */
import { t } from "../../server/text/l10n.ts";
import type { MatrixDetail, VectorsDetail } from "../../server/protocol.ts";
import { ChartCard } from "../charts/chart-card.ts";
import { pValuesPlot } from "../charts/p-values.ts";
import type { Store } from "../store.ts";
import { button, create } from "../ui/dom.ts";
import { exact, formatNumber } from "../ui/format.ts";
import { dataTable } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { moreLink } from "./more.ts";

export interface VectorsPart {
  readonly element: HTMLElement;
  readonly charts: readonly ChartCard[];
}

export function vectorsPart(store: Store, detail: MatrixDetail): VectorsPart {
  const { vectors } = detail;
  if (vectors === undefined) return { element: onDemand(store, detail), charts: [] };
  if (vectors.left.meanP === null && vectors.right.meanP === null) {
    const text = t("Its singular vectors could not be computed, or none belongs to a value above zero.");
    return { element: create("p", { class: "hint", testid: "no-vectors" }, text), charts: [] };
  }
  const charts = (["left", "right"] as const).map(
    (side) =>
      new ChartCard(store, {
        testid: `chart-vectors-${side}`,
        title: side === "left" ? t("Left singular vectors") : t("Right singular vectors"),
        subject: detail.id,
        switches: [],
        plot: () => pValuesPlot(vectors, side),
      }),
  );
  return {
    element: create(
      "div",
      { class: "stack", testid: "vectors" },
      create("div", { class: "columns" }, ...charts.map(({ element }) => element)),
      localisation(store, vectors),
    ),
    charts,
  };
}

/** How far the vectors are concentrated in few entries, beside noise. */
function localisation(store: Store, { localisation: found }: VectorsDetail): HTMLElement {
  const cell = (value: number | null): HTMLElement => create("span", { title: exact(value) }, formatNumber(value));
  return create(
    "section",
    { class: "card", testid: "localisation" },
    create("div", { class: "card-head" }, create("h3", {}, t("Localisation"))),
    dataTable({
      caption: t("Localisation of the singular vectors beside noise"),
      columns: [t("Mean over the vectors"), t("Left"), t("Noise"), t("Right"), t("Noise")],
      rows: [
        [
          t("Largest entry, max |v|"),
          cell(found.left.mean.largest),
          cell(found.noise.left.largest),
          cell(found.right.mean.largest),
          cell(found.noise.right.largest),
        ],
        [
          t("Inverse participation, Σ v⁴"),
          cell(found.left.mean.inverseParticipation),
          cell(found.noise.left.inverseParticipation),
          cell(found.right.mean.inverseParticipation),
          cell(found.noise.right.inverseParticipation),
        ],
      ],
    }),
    create(
      "p",
      { class: "chart-note" },
      t("Above noise, vectors lean on few entries: a few channels or tokens."),
      " ",
      moreLink(store, "localisation"),
      " · ",
      moreLink(store, "ksLeft", t("How randomness is tested")),
    ),
  );
}

function onDemand(store: Store, { id }: MatrixDetail): HTMLElement {
  const status = create("p", { class: "hint", attributes: { role: "status" } });
  status.hidden = true;
  const start = button(
    t("Analyse singular vectors"),
    () => {
      start.disabled = true;
      status.hidden = false;
      status.textContent = t("Computing …");
      store.host.analyseVectors([id]).catch((error: unknown) => {
        start.disabled = false;
        status.textContent = visibleText(error instanceof Error ? error.message : String(error), 400);
      });
    },
    { testid: "analyse-vectors", secondary: true },
  );
  return create(
    "section",
    { class: "card on-demand", testid: "vectors-on-demand" },
    create(
      "div",
      {},
      create("h3", {}, t("Singular vectors")),
      create(
        "p",
        { class: "hint" },
        t(
          "Do the directions look random too? Each vector is tested against noise; that takes a few times as long as the spectrum.",
        ),
      ),
    ),
    create("div", { class: "actions" }, start),
    status,
  );
}
