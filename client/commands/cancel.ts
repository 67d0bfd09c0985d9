import { withSession, type Command } from "./command.ts";

/** Stops the analysis of a checkpoint; what is computed stays. */
export const cancel: Command = {
  id: "safetensorsSpectrum.cancel",
  run: (parts, uri) => withSession(parts, uri, (session) => parts.sessions.cancel(session)),
};
