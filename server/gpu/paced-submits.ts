/**
 * Runs a long sequence of dispatches in submits that each take about as long as told, whatever the adapter's speed: a
 * watchdog resets a GPU that is busy for seconds. The number of steps a submit grows and shrinks with the time the last
 * one took; some are in flight, so that the GPU does not wait for the next to be encoded.
 */
export class PacedSubmits {
  readonly #device: GPUDevice;
  readonly #milliseconds: number;
  /** Work per millisecond, in the caller's unit, once it was measured. */
  #speed: number | null = null;
  /** Each settles when the GPU is done with a submit; the first is the oldest. */
  readonly #flights: Promise<void>[] = [];

  /**
   * @param milliseconds how long one submit should keep the GPU busy: short enough for a desktop to stay fluid and for
   *   cancelling at once.
   */
  constructor(device: GPUDevice, milliseconds = 40) {
    this.#device = device;
    this.#milliseconds = milliseconds;
  }

  /**
   * Encodes `steps` steps in order. `work(step)` is a step's share of the whole in any unit proportional to its time,
   * the same unit in every call. Checks the signal before every submit and throws its reason. Returns when all is
   * submitted, while the last submits may still run.
   */
  async run(
    steps: number,
    work: (step: number) => number,
    encode: (pass: GPUComputePassEncoder, step: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const most = Math.max(fewestFlights, Math.ceil(ahead / this.#milliseconds));
    for (let step = 0, patience = encoding.first; step < steps; patience = Math.min(2 * patience, encoding.most)) {
      signal.throwIfAborted();
      const begun = performance.now();
      const encoder = this.#device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      const allowed = this.#speed === null ? 0 : this.#speed * this.#milliseconds;
      let submitted = 0;
      do {
        encode(pass, step);
        submitted += work(step);
        step += 1;
      } while (step < steps && submitted + work(step) <= allowed && performance.now() - begun < patience);
      pass.end();
      this.#device.queue.submit([encoder.finish()]);
      const flight = this.#device.queue.onSubmittedWorkDone().then(() => {
        // The GPU began with it when it was done with what came before, of whatever kind that was.
        const now = performance.now();
        const idle = Math.max(begun, finished.get(this.#device) ?? 0);
        finished.set(this.#device, now);
        this.#learn(submitted / Math.max(now - idle, 0.25));
      });
      // A device that is lost meanwhile is told of by whoever awaits results.
      flight.catch(() => undefined);
      this.#flights.push(flight);
      while (this.#flights.length >= most) await this.#flights.shift();
    }
  }

  /** At most fourfold growth: one submit may measure latency more than speed, or have been noticed late. */
  #learn(speed: number): void {
    this.#speed = this.#speed === null ? speed : Math.min(speed, 4 * this.#speed);
  }
}

/**
 * Milliseconds of encoding that one submit is worth, the first of a sequence and any: the GPU should not wait for what it
 * could have begun.
 */
const encoding = { first: 0.1, most: 1 };
/** Milliseconds of work that the GPU has before it while the processor is at something else, in two submits at least. */
const ahead = 20;
const fewestFlights = 2;

/** When a device was last known to be done with a submit. */
const finished = new WeakMap<GPUDevice, number>();

/** What encodes steps and submits them. */
export type Submits = Pick<PacedSubmits, "run">;
