/** The states of the editor that are looked at as a whole: by a tool for accessibility, for what is not translated, by eye. */
import type { Browser } from "playwright-core";
import { base64Floats } from "../../server/analysis/floats.ts";
import { matrixSpectra } from "../../server/analysis/spectra.ts";
import type { AnalysisState, Catalogue, MatrixDetail, MetricKey } from "../../server/protocol.ts";
import type { Metrics } from "../../server/spectrum/metrics.ts";
import { adapter, adapterConfig, config, llama as attention, norm, updated } from "./attention.ts";
import { analysisState, catalogue, checkpointOf, detailOf, engine, llama } from "./checkpoints.ts";
import { View, type ViewOptions } from "./harness.ts";
import { ServedCheckpoint } from "./server.ts";

export const model = catalogue(llama(3));
const details = model.tensors
  .filter(({ matrices }) => matrices > 0)
  .map(({ name, layer }, index): MatrixDetail => detailOf(name, layer !== 1, 5 * index + 1));
const query = "model.layers.0.self_attn.q_proj.weight";

/** A state of the editor; a view that comes to be is one more entry. */
export interface Scene {
  readonly name: string;
  /** Of a file, a model or an adapter, with answers about heads, vectors, values and products; of {@link model} otherwise. */
  readonly served?: true | "adapter";
  readonly catalogue?: Catalogue;
  /** Results that are known; all of them unless told otherwise. */
  readonly known?: readonly MatrixDetail[];
  readonly state?: AnalysisState;
  /** What a person does to come there, and what shows that they are, whatever the language. */
  readonly arrive: (view: View) => Promise<unknown>;
}

export const scenes: readonly Scene[] = [
  { name: "overview with heat map and ranking", arrive: (view) => view.part("heat-map").waitFor() },
  {
    name: "overview while it is analysed",
    known: details.slice(0, 3),
    state: { phase: "running", done: 3, total: details.length, estimatedSeconds: 90 },
    arrive: (view) => view.part("overview").waitFor(),
  },
  {
    name: "decision before a long analysis",
    known: [],
    state: { phase: "waiting", done: 0, total: details.length, estimatedSeconds: 5400 },
    arrive: (view) => view.part("decision").waitFor(),
  },
  {
    name: "block",
    arrive: async (view) => {
      await view.row("model.layers.1").click();
      await view.part("block-table").waitFor();
    },
  },
  {
    name: "tensor with its charts, explanations and tests",
    arrive: async (view) => {
      await view.row(query).click();
      await view.part("chart-values").waitFor();
      await view.part("tests").locator("summary").click();
      await view.part("metrics").locator('[data-metric="stableRank"] button').click();
    },
  },
  {
    name: "tensor with its charts as tables",
    arrive: async (view) => {
      await view.row(query).click();
      await view.part("switch-chart-histogram-table").click();
      await view.part("switch-chart-values-table").click();
      await view.part("chart-values-table").waitFor();
    },
  },
  {
    name: "what can be done with a chart",
    arrive: async (view) => {
      await view.row(query).click();
      await view.part("chart-values").getByTestId("chart-actions").click();
      await view.part("save-svg").waitFor();
    },
  },
  {
    name: "role over layers compared",
    arrive: async (view) => {
      await view.row(query).click();
      await view.part("detail").locator(".over-layers").click();
      await view.part("chart-overlay").waitFor();
    },
  },
  {
    name: "tensors compared, their chart as a table",
    arrive: async (view) => {
      await view.row(query).click();
      await view.row("model.layers.0.self_attn.k_proj.weight").click({ modifiers: ["Control"] });
      await view.part("switch-chart-overlay-table").click();
      await view.part("chart-overlay-table").waitFor();
    },
  },
  {
    name: "tree sorted by a column, columns to choose",
    arrive: async (view) => {
      await view.part("columns").click();
      await view.part("column-effectiveRank").check();
      await view.page.keyboard.press("Escape");
      await view.part("tree-sort-effectiveRank").click();
      await view.part("columns").click();
      await view.part("column-effectiveRank").waitFor();
    },
  },
  {
    name: "tree filtered, filters to choose, what is no expression",
    arrive: async (view) => {
      await view.part("expression").click();
      await view.part("search").fill("layers\\.[12");
      await view.part("search-error").waitFor();
      await view.part("filter").click();
      await view.part("facet-query").check();
      await view.part("chips").getByRole("button", { name: "query" }).waitFor();
    },
  },
  {
    name: "heads of a layer",
    served: true,
    arrive: async (view) => {
      await view.row("model.layers.0").click();
      await view.part("show-heads").click();
      await view.part("analyse-heads").click();
      await view.part("head").nth(3).waitFor();
    },
  },
  {
    name: "one head, a fresh matrix beside it",
    served: true,
    arrive: async (view) => {
      await view.row("model.layers.0").click();
      await view.part("show-heads").click();
      await view.part("analyse-heads").click();
      await view.part("head").nth(1).click();
      await view.part("siblings").waitFor();
      await view.part("draw").click();
      await view.part("chart-values").locator(".series-role-value").waitFor();
    },
  },
  {
    name: "products of heads, one of them in full",
    served: true,
    arrive: async (view) => {
      await view.row("model.layers.0").click();
      await view.part("show-heads").click();
      await view.part("compute-products").click();
      await view.part("product-choice").nth(1).click();
      await view.part("chart-product-values").waitFor();
    },
  },
  {
    name: "products of heads as a table",
    served: true,
    arrive: async (view) => {
      await view.row("model.layers.0").click();
      await view.part("show-heads").click();
      await view.part("compute-products").click();
      await view.part("switch-products-table").click();
      await view.part("products").locator("tbody tr").nth(3).waitFor();
    },
  },
  {
    name: "update of an adapter",
    served: "adapter",
    arrive: async (view) => {
      await view.row(`${updated}.lora_B.weight`).click();
      await view.part("compute-products").click();
      await view.part("chart-product-energy").waitFor();
    },
  },
  {
    name: "heads of a layer as a table",
    served: true,
    arrive: async (view) => {
      await view.row("model.layers.0").click();
      await view.part("show-heads").click();
      await view.part("analyse-heads").click();
      await view.part("switch-heads-table").click();
      await view.part("head-grid").locator("tbody tr").nth(3).waitFor();
    },
  },
  {
    name: "heads of every layer as a map",
    served: true,
    arrive: async (view) => {
      await view.part("show-heads").click();
      await view.part("analyse-all-heads").click();
      await view.part("head-map").locator("td.heat-cell").nth(5).waitFor();
    },
  },
  {
    name: "singular vectors, values as colours",
    served: true,
    arrive: async (view) => {
      await view.row(query).click();
      await view.part("analyse-vectors").click();
      await view.part("chart-vectors-left").waitFor();
      await view.part("preview").locator("canvas").waitFor();
    },
  },
  {
    name: "values as numbers, and a slice that there is not",
    served: true,
    arrive: async (view) => {
      await view.row(query).click();
      await view.part("switch-preview-numbers").click();
      await view.part("preview-table").waitFor();
      await view.part("preview-rows").fill("70");
      await view.part("preview-rows").press("Enter");
      await view.part("preview").locator(".hint.error").waitFor();
    },
  },
  {
    name: "vector",
    served: true,
    arrive: async (view) => {
      await view.row(norm).click();
      await view.part("chart-vector").waitFor();
    },
  },
  {
    name: "tensor that waits",
    known: [],
    state: { phase: "waiting", done: 0, total: details.length, estimatedSeconds: 5400 },
    arrive: async (view) => {
      await view.row(query).click();
      await view.part("analyse-tensor").waitFor();
    },
  },
  {
    name: "search that finds nothing",
    arrive: async (view) => {
      await view.page.keyboard.press("Control+F");
      await view.page.keyboard.type("no such tensor");
      await view.row(query).waitFor({ state: "detached" });
    },
  },
  {
    name: "no GPU",
    known: [],
    state: analysisState("unavailable", 0, details.length),
    arrive: async (view) => {
      await view.send({
        type: "engine",
        engine: {
          ...engine,
          phase: "unavailable",
          adapter: null,
          message: "No graphics adapter was found.",
          remedy: "Install a driver.",
        },
      });
      await view.part("engine-problem").waitFor();
    },
  },
  {
    name: "broken file",
    catalogue: catalogue(
      checkpointOf([], {
        problems: [
          {
            code: "invalid-header",
            severity: "error",
            message: "The header is not JSON.",
            path: "/models/test/model.safetensors",
            byteOffset: 8,
          },
        ],
      }),
    ),
    known: [],
    state: analysisState("done", 0, 0),
    arrive: (view) => view.part("problem-list").waitFor(),
  },
  {
    name: "empty checkpoint",
    catalogue: catalogue(checkpointOf([])),
    known: [],
    state: analysisState("done", 0, 0),
    arrive: (view) => view.part("overview").waitFor(),
  },
  {
    name: "checkpoint that cannot be opened",
    arrive: async (view) => {
      await view.send({ type: "failed", message: "The analysis server did not start." });
      await view.part("failure").waitFor();
    },
  },
];

type SceneOptions = Pick<ViewOptions, "theme" | "language" | "texts" | "width" | "height">;

interface Opened {
  readonly view: View;
  readonly close: () => Promise<void>;
}

/** A view of the small Llama, as far as a scene knows it. */
async function open(browser: Browser, scene: Scene, options: SceneOptions): Promise<Opened> {
  const known = new Map((scene.known ?? details).map((detail) => [detail.id, detail]));
  const column = (numbers: (detail: MatrixDetail) => Metrics): ((metric: MetricKey) => string) => {
    return (metric) =>
      base64Floats(details.map((detail) => (known.has(detail.id) ? numbers(detail)[metric] : null) ?? NaN));
  };
  const values = column(({ metrics }) => metrics);
  const noise = column((detail) => detail.noise);
  const matrix = (id: string): MatrixDetail | null => known.get(id) ?? null;
  const view = await View.showing(
    browser,
    {
      catalogue: scene.catalogue ?? model,
      results: [...known.values()],
      state: scene.state ?? analysisState("done", details.length, details.length),
    },
    {
      height: 1600,
      ...options,
      matrix,
      estimate: () => ({ matrices: 1, seconds: 12, long: false }),
      metric: (metric) => ({ values: values(metric), noise: noise(metric) }),
      spectra: (ids, points) => matrixSpectra({ detail: (id) => Promise.resolve(matrix(id)) }, ids, points),
    },
  );
  return { view, close: () => view.close() };
}

/** A view of a file that is analysed, but for its heads and vectors. */
async function serve(browser: Browser, what: true | "adapter", options: SceneOptions): Promise<Opened> {
  const served = await (what === "adapter"
    ? ServedCheckpoint.analysed(adapter(), adapterConfig)
    : ServedCheckpoint.analysed(attention(2), config));
  return { view: await served.open(browser, { height: 1600, ...options }), close: () => served.close() };
}

/** Opens a scene, and arrives where it is. */
export async function openScene(browser: Browser, scene: Scene, options: SceneOptions): Promise<Opened> {
  const opened = await (scene.served !== undefined
    ? serve(browser, scene.served, options)
    : open(browser, scene, options));
  await opened.view.part("detail").locator("h2").first().waitFor();
  await scene.arrive(opened.view);
  return opened;
}
