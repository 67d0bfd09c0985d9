// @ts-check
/** A reporter for `node --test` that writes only how many tests passed, failed and were skipped, as JSON. */

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * @param {AsyncIterable<import("node:test/reporters").TestEvent>} events
 * @returns {AsyncGenerator<string>}
 */
export default async function* testCounts(events) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { name, details, file, skip, todo } = data;
    // A suite only groups tests; a file that holds none is reported as a test named after it.
    const holdsNothing = file !== undefined && name === file;
    if (details.type === "suite" || (holdsNothing && type === "test:pass")) continue;
    if (type === "test:fail" && todo === undefined) counts.failed++;
    else if (skip !== undefined || todo !== undefined) counts.skipped++;
    else counts.passed++;
  }
  yield JSON.stringify(counts);
}
