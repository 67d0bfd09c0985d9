/**
 * Runs a long sequence of dispatches in submits that each take about as long as told, whatever the adapter's speed: a
 * watchdog resets a GPU that is busy for seconds. The number of steps a submit grows and shrinks with the time the last
 * one took; two are in flight, so that the GPU does not wait for the next to be encoded.
 */
export class PacedSubmits {
  readonly #device: GPUDevice;
  readonly #milliseconds: number;
  /** Work per millisecond, in the caller's unit, once it was measured. */
  #speed: number | null = null;
  /** Settles when the GPU is done with what was submitted last. */
  #last: Promise<void> = Promise.resolve();

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
   * submitted, while the last two submits may still run.
   */
  async run(
    steps: number,
    work: (step: number) => number,
    encode: (pass: GPUComputePassEncoder, step: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (let step = 0; step < steps;) {
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
      } while (step < steps && submitted + work(step) <= allowed && performance.now() - begun < mostEncoding);
      pass.end();
      this.#device.queue.submit([encoder.finish()]);
      const before = this.#last;
      this.#last = this.#device.queue.onSubmittedWorkDone().then(() => {
        // The GPU began with it when it was done with what came before, of whatever kind that was.
        const now = performance.now();
        const idle = Math.max(begun, finished.get(this.#device) ?? 0);
        finished.set(this.#device, now);
        this.#learn(submitted / Math.max(now - idle, 0.25));
      });
      // A device that is lost meanwhile is told of by whoever awaits results.
      this.#last.catch(() => undefined);
      await before;
    }
  }

  /** At most fourfold growth: one submit may measure latency more than speed, or have been noticed late. */
  #learn(speed: number): void {
    this.#speed = this.#speed === null ? speed : Math.min(speed, 4 * this.#speed);
  }
}

/** Milliseconds of encoding that one submit is worth: the GPU should not wait for what it could have begun. */
const mostEncoding = 1;

/** When a device was last known to be done with a submit. */
const finished = new WeakMap<GPUDevice, number>();

/** What encodes steps and submits them. */
export type Submits = Pick<PacedSubmits, "run">;
