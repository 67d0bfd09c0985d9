import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as vscode from "vscode";
import { test } from "./suite.ts";
import { until } from "../../support/until.ts";
import { closeEditors, writeCheckpoint } from "./support.ts";

/** The ids of the language servers that this very extension host has started. */
function servers(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/u.test(entry))
    .filter((id) => {
      try {
        const parent = /^PPid:\s*(?<id>\d+)$/mu.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.groups?.["id"];
        const command = readFileSync(`/proc/${id}/cmdline`, "utf8");
        return Number(parent) === process.pid && command.includes("dist/server/main.mjs");
      } catch {
        // It ended meanwhile.
        return false;
      }
    })
    .map(Number);
}

test("a server that is killed is started again and goes on", async () => {
  // Elsewhere there is no /proc to find the server in.
  if (process.platform !== "linux") return;
  const checkpoint = await writeCheckpoint("model.layers.0.mlp.up_proj.weight");
  await vscode.commands.executeCommand("vscode.open", checkpoint);
  await vscode.commands.executeCommand("safetensorsSpectrum.openOutline", checkpoint);
  const document = vscode.window.activeTextEditor?.document;
  assert.ok(document);
  const [first, ...others] = await until("a server", () => (servers().length > 0 ? servers() : null));
  assert.ok(first);
  assert.deepEqual(others, []);

  process.kill(first, "SIGKILL");
  await until("another server", () => servers().find((id) => id !== first));
  const line = document
    .getText()
    .split("\n")
    .findIndex((text) => text.includes("up_proj"));
  // The new server knows the checkpoint again without anybody opening it.
  await until("a hover", async () => {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      document.uri,
      new vscode.Position(line, 4),
    );
    return hovers.length > 0 ? hovers : null;
  });
  assert.equal(servers().length, 1);
  await closeEditors();
});
