import { analyseTensorCommand } from "../../server/protocol.ts";
import type { Command } from "./command.ts";
import { decide } from "./decide.ts";
import { withTensor } from "./tensor.ts";

/** Analyses one tensor before everything else; one that has a result already, again. */
export const analyseTensor: Command = {
  id: analyseTensorCommand,
  run: (parts, value) =>
    withTensor(parts, value, async ({ session, ids }) => {
      if (!(await decide(parts, session, ids))) return;
      const known = new Set(session.results.map(({ id }) => id));
      await parts.sessions.analyse(session, { ids, again: ids.every((id) => known.has(id)) });
    }),
};
