import { promisify } from "node:util";

/** Milliseconds in which Dawn is let ask at every turn after something happened, and the pause between its questions then. */
const lively = 0.3;
const pause = 0.05;
/** Milliseconds between two turns of an event loop that has nothing else to do, at most. */
const quietTurn = 0.02;

/**
 * While Dawn's binding for Node has a promise to keep, it asks the GPU at every turn of the event loop, by `setImmediate`.
 * That keeps a processor's core busy, which a software driver needs itself, and makes a function with a finaliser every
 * few microseconds: the garbage collector holds the process up for milliseconds. From now on there is a pause between two
 * questions once nothing else has happened for a while. Everything but Dawn's own functions is as it was.
 */
export function calmPolling(): void {
  const original = globalThis.setImmediate;
  const never = new Int32Array(new SharedArrayBuffer(4));
  let asked = 0;
  let livelyUntil = 0;
  const calm = <Parameters extends unknown[]>(
    callback: (...parameters: Parameters) => void,
    ...parameters: Parameters
  ): NodeJS.Immediate => {
    if (!isNative(callback)) return original(callback, ...parameters);
    return original(() => {
      const now = performance.now();
      if (now - asked > quietTurn) livelyUntil = now + lively;
      if (now > livelyUntil) Atomics.wait(never, 0, 0, pause);
      callback(...parameters);
      asked = performance.now();
    });
  };
  const custom = { value: original[promisify.custom as never] as unknown };
  Object.defineProperty(calm, promisify.custom, custom);
  Object.defineProperty(globalThis, "setImmediate", { value: calm, writable: true, configurable: true });
}

function isNative(callback: unknown): boolean {
  return Function.prototype.toString.call(callback).endsWith("{ [native code] }");
}
