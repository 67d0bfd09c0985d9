/** Nothing moves by itself for who asked that nothing does, of the system or of VS Code. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { analysisState, catalogue, llama } from "./checkpoints.ts";
import { launch, View, type ViewOptions } from "./harness.ts";

interface Moving {
  /** Animations that run, by what they are called, and transitions by the property that changes. */
  readonly running: readonly string[];
  /** Elements that scroll smoothly. */
  readonly smooth: number;
}

describe("motion", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  /** What moves while a tensor is computed and the pointer is on the bar between tree and details. */
  async function moving(options: ViewOptions): Promise<Moving> {
    const view = await View.showing(
      browser,
      { catalogue: catalogue(llama(1)), results: [], state: analysisState("running", 0, 9) },
      options,
    );
    await view.row("model.layers.0.self_attn.q_proj.weight").click();
    await view.page.locator(".waiting.busy").waitFor();
    const box = (await view.part("splitter").boundingBox())!;
    // Found without a wait: a transition starts with the style that it leads to.
    const found = await Promise.all([
      view.page.mouse.move(box.x, box.y + 200),
      view.page.evaluate(
        () =>
          new Promise<Moving>((resolve) => {
            const seen = new Set<string>();
            let frames = 0;
            const look = (): void => {
              for (const animation of document.getAnimations()) {
                seen.add(
                  animation instanceof CSSAnimation
                    ? animation.animationName
                    : animation instanceof CSSTransition
                      ? animation.transitionProperty
                      : "other",
                );
              }
              frames += 1;
              if (frames < 30) {
                requestAnimationFrame(look);
                return;
              }
              const smooth = [...document.querySelectorAll("*")].filter(
                (element) => getComputedStyle(element).scrollBehavior !== "auto",
              ).length;
              resolve({ running: [...seen].sort(), smooth });
            };
            look();
          }),
      ),
    ]);
    assert.deepEqual(view.errors, []);
    await view.close();
    return found[1];
  }

  it("is there where nobody minds", async () => {
    assert.deepEqual((await moving({ motion: true })).running, ["background-color", "busy"]);
  });

  it("is not there where the system is asked for less", async () => {
    assert.deepEqual(await moving({}), { running: [], smooth: 0 });
  });

  it("is not there where VS Code is asked for less", async () => {
    assert.deepEqual(await moving({ motion: true, classes: ["vscode-reduce-motion"] }), { running: [], smooth: 0 });
  });
});
