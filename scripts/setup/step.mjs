// @ts-check
/** Progress for people and logs alike: one line a step, with its time, and one plain line when it fails. */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A failure whose message already says what is wrong and what to do: shown without a stack. */
export class Refusal extends Error {
  /**
   * @param {string} message one sentence: what is wrong, where, and the remedy
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Runs one step and says so when it starts, when it is done, and when it fails.
 * @template T
 * @param {string} title what is being done, as a reader of the log would say it
 * @param {() => T | Promise<T>} work
 * @param {(value: T) => string | undefined} [summary] more to say on the closing line
 * @returns {Promise<T>}
 */
export async function step(title, work, summary) {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  console.log(`… ${title}`);
  try {
    const value = await work();
    const more = summary?.(value);
    console.log(`✓ ${title} (${seconds()}${more === undefined ? "" : `; ${more}`})`);
    return value;
  } catch (error) {
    console.log(`✗ ${title} (${seconds()})`);
    throw error;
  }
}

/** @param {string} message a remark that belongs to the step under way */
export function note(message) {
  console.log(`  ${message}`);
}

/**
 * Whether a module is the script that Node was started with.
 * @param {ImportMeta} meta
 */
export function isMain(meta) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(meta.url);
}

/**
 * Runs a script's main function and turns its outcome into an exit code. A refusal ends with its sentence, anything
 * unexpected with its stack.
 * @param {() => Promise<number | void>} main
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    console.error(error instanceof Refusal ? `\n${error.message}` : error);
    process.exitCode = error instanceof Refusal ? error.exitCode : 1;
  }
}
