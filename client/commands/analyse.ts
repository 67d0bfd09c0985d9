import { analyseCommand } from "../../server/protocol.ts";
import { withSession, type Command } from "./command.ts";
import { decide } from "./decide.ts";

/** Analyses a checkpoint; one that is paused goes on. Its second argument says whether the person knows how long it takes. */
export const analyse: Command = {
  id: analyseCommand,
  run: (parts, value, options) =>
    withSession(parts, value, async (session) => {
      if (session.state.phase === "paused") await parts.sessions.resume(session);
      else if (isDecided(options) || (await decide(parts, session, null))) await parts.sessions.analyse(session);
    }),
};

function isDecided(options: unknown): boolean {
  return typeof options === "object" && options !== null && "decided" in options && options.decided === true;
}
