/** Who decides what is computed, where and when: the person, by keyboard and palette. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import test from "node:test";
import { withWorkbench, type Workbench } from "../../../scripts/workbench/workbench.mjs";
import { endless, makeCheckpoint } from "../../support/made-checkpoint.ts";
import { gpuProcesses, languageServers } from "../../support/processes.ts";
import { until } from "../../support/until.ts";

/** A software driver on a busy machine needs a while to start. */
const patience = { timeout: 120_000 };

/** Opens Choose GPU and waits until the drivers have answered. */
async function adapters(workbench: Workbench): Promise<ReturnType<Workbench["page"]["locator"]>> {
  await workbench.runCommand("Safetensors Spectrum: Choose GPU");
  const rows = workbench.page.locator(".quick-input-list .monaco-list-row");
  await rows.filter({ hasText: "Automatic" }).waitFor(patience);
  return rows;
}

test("a long analysis waits to be decided on, pauses, resumes, stops, and moves to the GPU that is chosen", async () => {
  const path = await makeCheckpoint({ large: endless });
  try {
    await withWorkbench({ name: "control", folder: dirname(path) }, async (workbench) => {
      const { page, host } = workbench;
      const others = new Set(languageServers(host.dataFolder).map(({ pid }) => pid));
      await workbench.openFile(path);
      const editor = workbench.webviewFrame();
      const progress = editor.getByTestId("progress");
      const phase = (name: string): Promise<void> =>
        editor.locator(`[data-testid="progress"][data-phase="${name}"]`).waitFor(patience);

      // Another adapter is another process, which takes the work over.
      const otherAdapters = async (): Promise<void> => {
        const server = languageServers(host.dataFolder).find(({ pid }) => !others.has(pid));
        assert.ok(server);
        const [before] = await until("a GPU process", () => only(gpuProcesses(server.pid)));
        await editor.locator('[data-testid="engine"][data-phase="ready"]').waitFor(patience);
        const first = await adapters(workbench);
        const computing = first.filter({ hasText: "computes now" });
        assert.equal(await computing.count(), 1);
        assert.equal(
          await first.filter({ has: page.locator(".codicon-check") }).innerText(),
          await first.first().innerText(),
        );
        await computing.click();
        const [after] = await until("another GPU process", () =>
          only(gpuProcesses(server.pid).filter((pid) => pid !== before)),
        );
        assert.notEqual(after, before);
        await phase("running");

        // What was chosen is marked from now on; and back.
        const second = await adapters(workbench);
        assert.match(await second.filter({ has: page.locator(".codicon-check") }).innerText(), /computes/u);
        await second.filter({ hasText: "Automatic" }).click();
        await until("a third GPU process", () => only(gpuProcesses(server.pid).filter((pid) => pid !== after)));
        await phase("running");
      };

      // The question, and how long it takes, in the view …
      const decision = editor.getByTestId("decision");
      await decision
        .getByRole("heading", { name: /^Analysing takes about \d+ (minutes|hours|days)$/u })
        .waitFor(patience);
      assert.match(await decision.innerText(), /4,000 matrices to compute on .+/u);

      // … and, by the palette, in a dialog. Not now: it waits on.
      const dialog = page.locator(".monaco-dialog-box", { hasText: /Analysing 4[,.]?000 matrices takes about/u });
      await workbench.runCommand("Safetensors Spectrum: Analyse Checkpoint");
      const answer = await until("the question", async () => {
        if (await dialog.isVisible()) return "asked";
        // Older versions of VS Code show their test driver no dialog, and say so.
        return workbench.messages.some((text) => text.includes("refused to show dialog")) ? "refused" : null;
      });
      if (answer === "asked") {
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
      }
      await decision.waitFor();
      assert.equal(await progress.getAttribute("data-phase"), "waiting");
      if (answer === "asked") {
        await workbench.runCommand("Safetensors Spectrum: Analyse Checkpoint");
        await dialog.getByRole("button", { name: "Analyse", exact: true }).click();
      } else {
        await decision.getByTestId("decide").click();
      }
      await phase("running");
      await decision.waitFor({ state: "detached" });

      await workbench.runCommand("Safetensors Spectrum: Pause Analysis");
      await phase("paused");
      await progress.getByText(/^Paused at \d+ of 4,000/u).waitFor();
      await workbench.runCommand("Safetensors Spectrum: Resume Analysis");
      await phase("running");

      await otherAdapters();

      await workbench.runCommand("Safetensors Spectrum: Cancel Analysis");
      await phase("cancelled");
    });
  } finally {
    await rm(dirname(path), { recursive: true });
  }
});

function only(pids: readonly number[]): readonly [number] | null {
  const [pid, ...more] = pids;
  return pid === undefined || more.length > 0 ? null : [pid];
}
