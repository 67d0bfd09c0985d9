import { resumeCommand } from "../../server/protocol.ts";
import { withSession, type Command } from "./command.ts";

/** Goes on with an analysis that was paused. */
export const resume: Command = {
  id: resumeCommand,
  run: (parts, uri) => withSession(parts, uri, (session) => parts.sessions.resume(session)),
};
