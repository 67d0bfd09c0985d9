/** When the GPU works on each compute pass, by its own clock and by the processor's: for benchmarks. */

/** Timestamps of a query set at most. */
const stampsOfSet = 4096;

export interface PassTime {
  readonly begin: number;
  readonly end: number;
}

/** Puts timestamps around every compute pass that is begun on a device. */
export class PassTimes {
  readonly #device: GPUDevice;
  readonly #begin: GPUDevice["createCommandEncoder"];
  #passes: { readonly set: GPUQuerySet; readonly slot: number }[] = [];
  /** performance.now() minus the GPU's clock, in milliseconds. */
  #offset = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#begin = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => {
      const encoder = this.#begin(descriptor);
      const begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (options) => begin({ ...options, timestampWrites: this.#next() });
      return encoder;
    };
  }

  /** Compares the clocks, of the processor and of the GPU, which must be idle. */
  async start(): Promise<void> {
    // The shortest way there and back tells best.
    let shortest = Infinity;
    for (let i = 0; i < 50; i++) {
      const encoder = this.#device.createCommandEncoder();
      encoder.beginComputePass().end();
      const finished = encoder.finish();
      const begun = performance.now();
      this.#device.queue.submit([finished]);
      await this.#device.queue.onSubmittedWorkDone();
      const taken = performance.now() - begun;
      const [pass] = await this.#read(0);
      if (taken < shortest) {
        shortest = taken;
        this.#offset = begun + taken / 2 - pass!.begin;
      }
    }
  }

  /** The passes since the last call, in the order of their encoding, in milliseconds of `performance.now()`. */
  take(): Promise<PassTime[]> {
    return this.#read(this.#offset);
  }

  async #read(offset: number): Promise<PassTime[]> {
    const device = this.#device;
    const passes = this.#passes;
    this.#passes = [];
    const spans: PassTime[] = [];
    for (const set of new Set(passes.map((pass) => pass.set))) {
      const slots = passes.filter((pass) => pass.set === set).map(({ slot }) => slot);
      const count = 2 * slots.length;
      const size = 8 * count;
      const resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
      const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const encoder = this.#begin();
      encoder.resolveQuerySet(set, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange());
      const time = (stamp: bigint): number => Number(stamp) / 1e6 + offset;
      for (const slot of slots) spans.push({ begin: time(stamps[slot]!), end: time(stamps[slot + 1]!) });
      staging.destroy();
      resolved.destroy();
      set.destroy();
    }
    return spans;
  }

  #next(): GPUComputePassTimestampWrites {
    const last = this.#passes.at(-1);
    const full = last === undefined || last.slot + 2 === stampsOfSet;
    const set = full ? this.#device.createQuerySet({ type: "timestamp", count: stampsOfSet }) : last.set;
    const slot = full ? 0 : last.slot + 2;
    this.#passes.push({ set, slot });
    return { querySet: set, beginningOfPassWriteIndex: slot, endOfPassWriteIndex: slot + 1 };
  }
}
