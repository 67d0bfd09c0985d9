/** Runs, and milliseconds, after which a GPU that was idle has reached its clock. */
const fewestRuns = 5;
const warmUp = 1500;

/** The best time of several runs, in milliseconds. */
export async function bestTime(run: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  const end = performance.now() + warmUp;
  for (let runs = 0; runs < fewestRuns || performance.now() < end; runs++) {
    const begun = performance.now();
    await run();
    best = Math.min(best, performance.now() - begun);
  }
  return best;
}
