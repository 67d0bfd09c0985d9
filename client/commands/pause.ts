import { pauseCommand } from "../../server/protocol.ts";
import { withSession, type Command } from "./command.ts";

/** Interrupts the analysis of a checkpoint; what is left is set aside. */
export const pause: Command = {
  id: pauseCommand,
  run: (parts, uri) => withSession(parts, uri, (session) => parts.sessions.pause(session)),
};
