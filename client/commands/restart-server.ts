import type { Command } from "./command.ts";

/** Starts the server anew, on the best Node that there is now. */
export const restartServer: Command = {
  id: "safetensorsSpectrum.restartServer",
  run: ({ server }) => server.restart(),
};
