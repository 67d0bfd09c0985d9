/** What is known outlives what shows it: the window, and the process that the extension runs in. */
import assert from "node:assert/strict";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench, type Workbench } from "../../../scripts/workbench/workbench.mjs";
import { isRunning } from "../../../server/analysis/running.ts";
import { endless, madeMatrix, makeCheckpoint } from "../../support/made-checkpoint.ts";
import { gpuProcesses, languageServers } from "../../support/processes.ts";
import { until } from "../../support/until.ts";

/** A software driver on a busy machine needs a while to start. */
const patience = { timeout: 120_000 };
const small = 8;

/** The cache of a file: every result and every claim to be computing one. */
async function journal({ host }: Workbench, path: string): Promise<string> {
  const folder = join(host.dataFolder, "data/User/globalStorage");
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((each) => each.endsWith(".spectra"))) {
    const text = await readFile(join(folder, name), "utf8");
    if (text.includes(JSON.stringify(path))) return text;
  }
  throw new Error(`there is no cache of ${path}`);
}

/** Waits until VS Code has written down what it needs to show a tensor again when the page is loaded again. */
async function remembered({ page }: Workbench, ...texts: readonly string[]): Promise<void> {
  await until("the window's state to be kept", () =>
    page.evaluate(async (wanted) => {
      const result = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((done, failed) => {
          request.onsuccess = () => {
            done(request.result);
          };
          request.onerror = () => {
            failed(request.error ?? new Error("IndexedDB"));
          };
        });
      for (const { name } of await indexedDB.databases()) {
        if (name?.startsWith("vscode-web-state-db-") !== true) continue;
        const database = await result(indexedDB.open(name));
        const values = database.objectStoreNames.contains("ItemTable")
          ? await result(database.transaction("ItemTable").objectStore("ItemTable").getAll())
          : [];
        database.close();
        if (values.some((value) => wanted.every((text) => String(value).includes(text)))) return true;
      }
      return null;
    }, texts),
  );
}

test("a window that is loaded again shows what it showed, and computes nothing again", async () => {
  const path = await makeCheckpoint({ small });
  try {
    await withWorkbench({ name: "reload", folder: dirname(path) }, async (workbench) => {
      await workbench.openFile(path);
      const editor = workbench.webviewFrame();
      const analysed = editor.getByText(`${small} matrices analysed`, { exact: true });
      await analysed.waitFor(patience);
      const selected = madeMatrix(5);
      await editor.getByTestId("search").fill("down_proj");
      await editor.getByTestId("tree-sort-name").click();
      const sorted = editor.locator('[role="columnheader"][aria-sort="ascending"]', { hasText: "Name" });
      await sorted.waitFor();
      const row = editor.locator(`[data-testid="tree-row"][data-name="${selected}"]`);
      await row.click();
      const histogram = editor.getByTestId("chart-histogram");
      await histogram.locator("canvas").waitFor();
      const numbers = await histogram.locator("tbody").textContent();
      await remembered(workbench, selected, "down_proj", "descending");
      const before = await journal(workbench, path);

      await workbench.reload();
      await editor.locator(`[data-testid="tree-row"][data-name="${selected}"][aria-selected="true"]`).waitFor(patience);
      assert.equal(await editor.getByTestId("search").inputValue(), "down_proj");
      await sorted.waitFor();
      await analysed.waitFor(patience);
      await histogram.locator("canvas").waitFor();
      assert.equal(await histogram.locator("tbody").textContent(), numbers);
      // Not even a claim to be computing something was added.
      assert.equal(await journal(workbench, path), before);
    });
  } finally {
    await rm(dirname(path), { recursive: true });
  }
});

test("an extension host that is killed takes its processes with it, and what was computed is there again", async () => {
  const path = await makeCheckpoint({ small, large: endless });
  try {
    const settings = { "safetensorsSpectrum.analyseOnOpen": "always" };
    await withWorkbench({ name: "extension-host", folder: dirname(path), settings }, async (workbench) => {
      const { host } = workbench;
      const others = new Set(languageServers(host.dataFolder).map(({ pid }) => pid));
      const started = (): { readonly pid: number; readonly parent: number } | undefined =>
        languageServers(host.dataFolder).find(({ pid }) => !others.has(pid));
      await workbench.openFile(path);
      const editor = workbench.webviewFrame();
      const progress = editor.getByTestId("progress");
      const running = editor.locator('[data-testid="progress"][data-phase="running"]');
      const done = async (): Promise<number> => Number(await progress.getAttribute("data-done"));
      await running.waitFor(patience);
      await until("the small matrices", async () => ((await done()) >= small ? true : null), 120_000);

      const server = await until("a language server", started);
      const workers = await until("a GPU process", () => {
        const pids = gpuProcesses(server.pid);
        return pids.length > 0 ? pids : null;
      });
      process.kill(server.parent, "SIGKILL");
      for (const pid of [server.pid, ...workers]) {
        await until(`process ${pid} to end`, () => (isRunning(pid) ? null : true), 60_000);
        others.add(pid);
      }

      await workbench.reload();
      // A window that is loaded again this soon may not have noted yet what it had open.
      await workbench.openFile(path);
      await running.waitFor(patience);
      assert.ok((await done()) >= small);
      assert.notEqual(await until("another language server", started), server);
      const keys = Array.from((await journal(workbench, path)).matchAll(/\{"key":"([^"]+)"/gu), ([, key]) => key);
      assert.equal(new Set(keys).size, keys.length, "nothing was computed twice");
      await workbench.runCommand("Safetensors Spectrum: Cancel Analysis");
    });
  } finally {
    await rm(dirname(path), { recursive: true });
  }
});
