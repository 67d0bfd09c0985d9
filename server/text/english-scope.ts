/** Long work that speaks English beside work that speaks the person's language: what machines read is written so. */
import { AsyncLocalStorage } from "node:async_hooks";
import { englishWhere } from "./l10n.ts";

const scope = new AsyncLocalStorage<true>();
englishWhere(() => scope.getStore() === true);

/** Makes every text in English that is made in the course of this work, and none of what runs meanwhile. */
export function allInEnglish<T>(work: () => Promise<T>): Promise<T> {
  return scope.run(true, work);
}

/** Makes every piece in English; whoever takes the pieces speaks as before. */
export async function* piecesInEnglish(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  const iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  try {
    for (;;) {
      const step = await allInEnglish(async () => iterator.next());
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}
