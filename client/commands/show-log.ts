import type { Command } from "./command.ts";

export const showLog: Command = {
  id: "safetensorsSpectrum.showLog",
  run: ({ log }) => {
    log.show();
  },
};
