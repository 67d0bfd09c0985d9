/**
 * Long work in slices: a generator that yields wherever it may be interrupted, every few hundred items. Who has nothing
 * else to do runs it at once; a server gives its event loop back between slices.
 */
export type Sliced<Result> = Generator<undefined, Result, undefined>;

/** Items between two places where work may be interrupted: together they take a millisecond or so. */
export const sliceItems = 512;

/** A slice, in milliseconds: what else waits is answered after it. */
const sliceTime = 12;

/** Runs work without an interruption. */
export function atOnce<Result>(work: Sliced<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Runs work, letting everything else go on between its slices. */
export async function inSlices<Result>(work: Sliced<Result>): Promise<Result> {
  let until = performance.now() + sliceTime;
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() < until) continue;
    await nextTurn();
    until = performance.now() + sliceTime;
  }
}

/** Lets everything else go on: in a server what is asked, in a page what is drawn and clicked. */
export function nextTurn(): Promise<void> {
  return new Promise(soon);
}

const { setImmediate: immediately } = globalThis as { readonly setImmediate?: (then: () => void) => void };

/** A timer waits for a millisecond at least; Node can do without. */
const soon: (then: () => void) => void = immediately ?? ((then) => setTimeout(then));

/** Does something with each item, and may be interrupted after every {@link sliceItems} of them. */
export function* forEachSliced<Item>(
  items: Iterable<Item>,
  action: (item: Item, index: number) => void,
): Sliced<undefined> {
  let index = 0;
  for (const item of items) {
    action(item, index++);
    if (index % sliceItems === 0) yield;
  }
  return undefined;
}
