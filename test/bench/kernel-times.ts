/** How long each kernel keeps the GPU busy, by timestamps: for benchmarks. */

export interface KernelTime {
  readonly name: string;
  readonly dispatches: number;
  readonly milliseconds: number;
}

/** Dispatches of a query set: two timestamps each, 4096 at most. */
const dispatchesOfSet = 2048;

/**
 * Gives every dispatch on this device a pass of its own with timestamps around it. They cost time themselves, so that the
 * whole takes longer than without.
 */
export class KernelTimes {
  readonly #device: GPUDevice;
  readonly #begin: GPUDevice["createCommandEncoder"];
  readonly #sets: GPUQuerySet[] = [];
  readonly #names: string[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#begin = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => this.#watch(this.#begin(descriptor));
  }

  /** The device is as it was. */
  close(): void {
    this.#device.createCommandEncoder = this.#begin;
  }

  /** The times since the last call, the longest first. */
  async take(): Promise<KernelTime[]> {
    const device = this.#device;
    const names = this.#names.splice(0);
    const times = new Map<string, { dispatches: number; milliseconds: number }>();
    for (const [i, set] of this.#sets.splice(0).entries()) {
      const own = names.slice(i * dispatchesOfSet, (i + 1) * dispatchesOfSet);
      const size = 16 * own.length;
      const resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
      const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const encoder = this.#begin();
      encoder.resolveQuerySet(set, 0, 2 * own.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange());
      for (const [j, name] of own.entries()) {
        const time = times.get(name) ?? { dispatches: 0, milliseconds: 0 };
        time.dispatches += 1;
        time.milliseconds += Number(stamps[2 * j + 1]! - stamps[2 * j]!) / 1e6;
        times.set(name, time);
      }
      staging.destroy();
      resolved.destroy();
      set.destroy();
    }
    return [...times].map(([name, time]) => ({ name, ...time })).sort((a, b) => b.milliseconds - a.milliseconds);
  }

  #watch(encoder: GPUCommandEncoder): GPUCommandEncoder {
    const begin = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = () => {
      // What was set holds until it is set again, whatever the pipeline.
      const replay = new Map<string, (pass: GPUComputePassEncoder) => void>();
      let name = "";
      const watched: Pick<
        GPUComputePassEncoder,
        "setPipeline" | "setBindGroup" | "setImmediates" | "dispatchWorkgroups" | "end"
      > = {
        setPipeline: (pipeline) => {
          name = pipeline.label;
          replay.set("pipeline", (pass) => {
            pass.setPipeline(pipeline);
          });
        },
        setBindGroup: (index: number, group: GPUBindGroup | null | undefined) => {
          replay.set(`group ${index}`, (pass) => {
            pass.setBindGroup(index, group);
          });
        },
        setImmediates: (offset, data) => {
          replay.set(`immediates ${offset}`, (pass) => {
            pass.setImmediates(offset, data);
          });
        },
        dispatchWorkgroups: (...groups) => {
          const pass = begin({ timestampWrites: this.#next(name) });
          for (const call of replay.values()) call(pass);
          pass.dispatchWorkgroups(...groups);
          pass.end();
        },
        end: () => undefined,
      };
      return watched as GPUComputePassEncoder;
    };
    return encoder;
  }

  #next(name: string): GPUComputePassTimestampWrites {
    const slot = this.#names.length % dispatchesOfSet;
    if (slot === 0) this.#sets.push(this.#device.createQuerySet({ type: "timestamp", count: 2 * dispatchesOfSet }));
    this.#names.push(name);
    return {
      querySet: this.#sets.at(-1)!,
      beginningOfPassWriteIndex: 2 * slot,
      endOfPassWriteIndex: 2 * slot + 1,
    };
  }
}
