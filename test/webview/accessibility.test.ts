/** What axe-core finds in each view of the editor, in each theme: nothing serious. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import axe, { type AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import type { AnalysisState, Catalogue, MatrixDetail } from "../../server/protocol.ts";
import { analysisState, catalogue, checkpointOf, detailOf, engine, llama, resultOf } from "./checkpoints.ts";
import { launch, View } from "./harness.ts";
import { themes, type ThemeName } from "./themes.ts";

const model = catalogue(llama(3));
const details = model.tensors
  .filter(({ matrices }) => matrices > 0)
  .map(({ name, layer }, index): MatrixDetail => detailOf(name, layer !== 1, 5 * index + 1));
const query = "model.layers.0.self_attn.q_proj.weight";

const base64 = (numbers: readonly number[]): string =>
  Buffer.from(Float32Array.from(numbers).buffer).toString("base64");

/** A state of the editor; a view that comes to be is one more entry. */
interface Scene {
  readonly name: string;
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
        const known = new Set(scene.known ?? details);
        const view = await View.open(browser, {
          theme,
          height: 1600,
          matrix: (id) => [...known].find((detail) => detail.id === id) ?? null,
          estimate: () => ({ matrices: 1, seconds: 12, long: false }),
          metric: (metric) => ({
            values: base64(details.map((detail) => (known.has(detail) ? (detail.metrics[metric] ?? NaN) : NaN))),
            noise: base64(details.map((detail) => (known.has(detail) ? (detail.noise[metric] ?? NaN) : NaN))),
          }),
        });
        await view.send({
          type: "catalogue",
          catalogue: scene.catalogue ?? model,
          results: [...known].map(resultOf),
          state: scene.state ?? analysisState("done", details.length, details.length),
          engine,
          file: 0,
        });
        await scene.arrive(view);
        assert.deepEqual(await trouble(view), []);
        await view.close();
      });
    }
  }
});
