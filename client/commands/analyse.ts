import { withSession, type Command } from "./command.ts";

/** Starts or resumes the analysis of a checkpoint. */
export const analyse: Command = {
  id: "safetensorsSpectrum.analyse",
  run: (parts, uri) => withSession(parts, uri, (session) => parts.sessions.analyse(session)),
};
