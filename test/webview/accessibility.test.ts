/**
 * What axe-core finds in each view of the editor, in each theme: nothing serious. `npm run pictures -- --views FOLDER` has
 * each of them photographed as well, for looking at.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import axe, { type AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { base64Floats } from "../../server/analysis/floats.ts";
import { matrixSpectra } from "../../server/analysis/spectra.ts";
import type { AnalysisState, Catalogue, MatrixDetail, MetricKey } from "../../server/protocol.ts";
import type { Metrics } from "../../server/spectrum/metrics.ts";
import { config, llama as attention, norm } from "./attention.ts";
import { analysisState, catalogue, checkpointOf, detailOf, engine, llama, resultOf } from "./checkpoints.ts";
import { launch, View } from "./harness.ts";
import { ServedCheckpoint } from "./server.ts";
import { themes, type ThemeName } from "./themes.ts";

const model = catalogue(llama(3));
const details = model.tensors
  .filter(({ matrices }) => matrices > 0)
  .map(({ name, layer }, index): MatrixDetail => detailOf(name, layer !== 1, 5 * index + 1));
const query = "model.layers.0.self_attn.q_proj.weight";

/** A state of the editor; a view that comes to be is one more entry. */
interface Scene {
  readonly name: string;
  /** Whether it is of a file, with answers about heads, vectors and values; of {@link model} otherwise. */
  readonly served?: boolean;
  readonly catalogue?: Catalogue;
  /** Results that are known; all of them unless told otherwise. */
  readonly known?: readonly MatrixDetail[];
  readonly state?: AnalysisState;
  /** What a person does to come there, and what shows that they are. */
  readonly arrive: (view: View) => Promise<unknown>;
}

const scenes: readonly Scene[] = [
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
      await view.part("metrics").getByRole("button", { name: "What is Stable rank?" }).click();
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
    name: "role over layers compared",
    arrive: async (view) => {
      await view.row(query).click();
      await view.page.getByRole("button", { name: "Compare query over layers" }).click();
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
      await view
        .part("head-map")
        .getByRole("gridcell", { name: /^head 1, layer 1: × / })
        .waitFor();
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
      await view.part("preview").getByText("There is no place 70").waitFor();
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

interface Opened {
  readonly view: View;
  readonly close: () => Promise<void>;
}

/** A view of the small Llama, as far as a scene knows it. */
async function open(browser: Browser, theme: ThemeName, scene: Scene): Promise<Opened> {
  const known = new Map((scene.known ?? details).map((detail) => [detail.id, detail]));
  const column = (numbers: (detail: MatrixDetail) => Metrics): ((metric: MetricKey) => string) => {
    return (metric) =>
      base64Floats(details.map((detail) => (known.has(detail.id) ? numbers(detail)[metric] : null) ?? NaN));
  };
  const values = column(({ metrics }) => metrics);
  const noise = column((detail) => detail.noise);
  const matrix = (id: string): MatrixDetail | null => known.get(id) ?? null;
  const view = await View.open(browser, {
    theme,
    height: 1600,
    matrix,
    estimate: () => ({ matrices: 1, seconds: 12, long: false }),
    metric: (metric) => ({ values: values(metric), noise: noise(metric) }),
    spectra: (ids, points) => matrixSpectra({ detail: (id) => Promise.resolve(matrix(id)) }, ids, points),
  });
  await view.send({
    type: "catalogue",
    catalogue: scene.catalogue ?? model,
    results: [...known.values()].map(resultOf),
    state: scene.state ?? analysisState("done", details.length, details.length),
    engine,
    file: 0,
  });
  return { view, close: () => view.close() };
}

/** A view of a file that is analysed, but for its heads and vectors. */
async function serve(browser: Browser, theme: ThemeName): Promise<Opened> {
  const served = await ServedCheckpoint.create(attention(2), config);
  served.analysis.enqueue(null);
  await served.compute();
  return { view: await served.open(browser, { theme, height: 1600 }), close: () => served.close() };
}

/** What axe-core calls serious or critical, one line each. */
async function trouble(view: View): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not bind.
  await view.page.evaluate(axe.source);
  const { violations } = await view.page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, any, all, none }) => {
        const why = [...any, ...all, ...none].map(({ message }) => message).join("; ");
        return `${id} at ${target.join(" ")}: ${why}`;
      }),
    );
}

/** Where pictures of the scenes go, if they are wanted. */
const pictures = process.env["SPECTRUM_PICTURES"];

describe("accessibility", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  it("is looked at by a tool that finds what is wrong", async () => {
    const view = await View.open(browser);
    await view.page.evaluate(() => {
      const button = document.createElement("button");
      button.className = "planted";
      document.body.append(button);
    });
    assert.match((await trouble(view)).join("\n"), /^button-name at \.planted/m);
    await view.close();
  });

  for (const theme of Object.keys(themes) as ThemeName[]) {
    for (const scene of scenes) {
      it(`${scene.name}, ${theme}`, async () => {
        const { view, close } = await (scene.served === true ? serve(browser, theme) : open(browser, theme, scene));
        await view.part("detail").locator("h2").first().waitFor();
        await scene.arrive(view);
        if (pictures !== undefined) {
          const name = `${scene.name} ${theme}`.replaceAll(/[^a-z0-9]+/gi, "-");
          await view.page.screenshot({ path: join(pictures, `${name}.png`) });
        }
        assert.deepEqual(await trouble(view), []);
        await close();
      });
    }
  }
});
