// @ts-check
/**
 * Times the engine on this machine's fastest adapter, beside PyTorch where `python3` has it:
 *
 *   npm run bench:gpu [-- 4096x4096 1024x4096*8 …]
 */
import { join } from "node:path";
import { root } from "./setup/root.mjs";
import { run } from "./setup/command.mjs";
import { isMain, runMain } from "./setup/step.mjs";

if (isMain(import.meta)) {
  await runMain(async () => {
    const { build } = await import("esbuild");
    const outfile = join(root, "dist/bench/gpu.mjs");
    await build({
      absWorkingDir: root,
      entryPoints: ["test/bench/gpu.ts"],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external",
      loader: { ".wgsl": "text" },
      logLevel: "warning",
    });
    await run(process.execPath, [outfile, ...process.argv.slice(2)], { show: true });
  });
}
