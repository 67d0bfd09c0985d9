// @ts-check
import { join } from "node:path";
import { addBackports, aptInstall, canInstall, linuxDistribution } from "./apt.mjs";
import { outcome } from "./command.mjs";
import { root } from "./root.mjs";
import { note, Refusal, step } from "./step.mjs";

/**
 * The adapter that Dawn opens here, or why it opens none.
 * @returns {Promise<{ adapter: string } | { reason: string }>}
 */
export async function findAdapter() {
  const { code, output, errors } = await outcome(process.execPath, [join(root, "scripts/setup/probe-adapter.mjs")], {
    // Mesa complains where it is not set.
    env: { XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] ?? "/tmp" },
    timeout: 60_000,
  });
  if (code === 0) return { adapter: output.trim() };
  return { reason: errors.trim().split("\n").at(-1) || `the test of the adapter ended with ${code}` };
}

/** Makes sure that there is an adapter to compute on, by a software driver where there is no GPU. */
export async function ensureAdapter() {
  const first = await step("Looking for a GPU adapter", findAdapter, (found) =>
    "adapter" in found ? found.adapter : `none: ${found.reason}`,
  );
  if ("adapter" in first) return;
  if (process.platform !== "linux" || !(await canInstall()))
    throw new Refusal(`No GPU adapter: ${first.reason}. ${remedy()}`);
  await step("Installing a software Vulkan driver (Mesa)", installMesa);
  const second = await step("Looking for a GPU adapter again", findAdapter, (found) =>
    "adapter" in found ? found.adapter : `none: ${found.reason}`,
  );
  if ("reason" in second)
    throw new Refusal(`Still no GPU adapter after installing Mesa: ${second.reason}. ${remedy()}`);
}

async function installMesa() {
  const { id, codename } = linuxDistribution();
  const packages = ["mesa-vulkan-drivers", "libvulkan1"];
  if (id === "debian" && codename === "bookworm") {
    // Bookworm's own Mesa (22.3) lacks what Dawn needs; its backports have a newer one.
    await addBackports(codename);
    note("from bookworm-backports, since Debian 12's own Mesa is too old");
    await aptInstall(packages, { release: "bookworm-backports" });
  } else {
    await aptInstall(packages);
  }
}

/** @returns {string} what a person can do here to get an adapter */
function remedy() {
  if (process.platform === "darwin") return "macOS 12 or newer with Metal is needed.";
  if (process.platform === "win32") return "Install your graphics card's current driver (Direct3D 12 is needed).";
  const { id, codename, name } = linuxDistribution();
  const commands = /** @type {Record<string, string>} */ ({
    debian:
      codename === "bookworm"
        ? "add bookworm-backports to apt's sources, then `sudo apt-get install -t bookworm-backports mesa-vulkan-drivers libvulkan1`"
        : "`sudo apt-get install mesa-vulkan-drivers libvulkan1`",
    ubuntu: "`sudo apt-get install mesa-vulkan-drivers libvulkan1` (Ubuntu 24.04 or newer)",
    fedora: "`sudo dnf install mesa-vulkan-drivers vulkan-loader`",
    arch: "`sudo pacman -S vulkan-swrast vulkan-icd-loader`",
    "opensuse-tumbleweed": "`sudo zypper install libvulkan_lvp libvulkan1`",
    alpine: "use a glibc distribution: Dawn does not run on musl",
  })[id];
  return `Install the graphics card's Vulkan driver, or a software one: ${commands ?? "Mesa 23 or newer with its lavapipe Vulkan driver"}${name === "" ? "" : ` (this is ${name})`}.`;
}
