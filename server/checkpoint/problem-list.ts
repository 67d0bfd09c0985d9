import { plural } from "../text/l10n.ts";
import type { CheckpointProblem } from "./checkpoint.ts";

/** As many problems of one code are told one by one; a broken header of 100 000 entries must stay readable. */
const toldOneByOne = 20;

/** Collects the problems of one file; of many alike the first are told and the others counted. */
export class ProblemList {
  readonly #path: string;
  readonly #problems: CheckpointProblem[] = [];
  readonly #more = new Map<CheckpointProblem["code"], { count: number; severity: CheckpointProblem["severity"] }>();

  constructor(path: string) {
    this.#path = path;
  }

  add(problem: Omit<CheckpointProblem, "path">): void {
    const alike = this.#more.get(problem.code) ?? { count: 0, severity: problem.severity };
    alike.count++;
    this.#more.set(problem.code, alike);
    if (alike.count <= toldOneByOne) this.#problems.push({ ...problem, path: this.#path });
  }

  list(): readonly CheckpointProblem[] {
    const counted = Array.from(this.#more, ([code, { count, severity }]): CheckpointProblem[] => {
      const rest = count - toldOneByOne;
      const message = plural(
        rest,
        "There is {0} more problem of this kind.",
        "There are {0} more problems of this kind.",
      );
      return rest > 0 ? [{ code, severity, message, path: this.#path }] : [];
    });
    return [...this.#problems, ...counted.flat()];
  }
}
