/** Tests in VS Code's extension host, where Node's own runner cannot start: it wants a process a file. */
import { writeFileSync } from "node:fs";

interface Test {
  readonly name: string;
  readonly body: () => void | Promise<void>;
  readonly timeout: number;
}

const tests: Test[] = [];

/** Adds a test; they run one after the other in the order of their files and lines. `timeout` in milliseconds. */
export function test(name: string, body: () => void | Promise<void>, { timeout = 60_000 } = {}): void {
  tests.push({ name, body, timeout });
}

/** Where the runner wants the counts, as a JSON file. */
const resultsVariable = "SPECTRUM_TEST_RESULTS";

/** Runs every test and rejects when one failed or there was none. */
export async function runAll(): Promise<void> {
  let failed = 0;
  for (const { name, body, timeout } of tests) {
    const start = performance.now();
    const time = (): string => `${Math.round(performance.now() - start)} ms`;
    try {
      await withTimeout(Promise.resolve().then(body), timeout);
      console.log(`✔ ${name} (${time()})`);
    } catch (error) {
      failed++;
      console.log(`✖ ${name} (${time()})\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  const results = process.env[resultsVariable];
  if (results !== undefined)
    writeFileSync(results, JSON.stringify({ passed: tests.length - failed, failed, skipped: 0 }));
  if (tests.length === 0) throw new Error("There is no test.");
  if (failed > 0) throw new Error(`${failed} of ${tests.length} tests failed.`);
}

async function withTimeout(work: Promise<void>, timeout: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not done after ${timeout / 1000} s`));
    }, timeout);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
