// @ts-check
import { existsSync } from "node:fs";
import { aptInstall, canInstall, linuxDistribution } from "./apt.mjs";
import { findProgram } from "./command.mjs";
import { Refusal, step } from "./step.mjs";

/** A Chromium or Chrome that is installed already. @returns {string | undefined} */
export function findChromium() {
  const chosen = process.env["CHROMIUM"];
  if (chosen !== undefined && chosen !== "") return chosen;
  const known = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
  ];
  return (
    findProgram("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge") ??
    known.find((path) => existsSync(path))
  );
}

/**
 * The browser for tests and pictures; Debian's Chromium is installed where there is none.
 * @returns {Promise<string>} its executable
 */
export async function ensureChromium() {
  const found = findChromium();
  if (found !== undefined) return found;
  // Ubuntu's package of that name is a snap, which cannot be installed in a container.
  if (linuxDistribution().id === "debian" && (await canInstall())) {
    await step("Installing Chromium", () => aptInstall(["chromium", "fonts-liberation"]));
  }
  const installed = findChromium();
  if (installed !== undefined) return installed;
  throw new Refusal("No Chromium or Chrome was found: install one, or name its executable in the variable CHROMIUM.");
}
