import { SpareBuffers } from "./spare-buffers.ts";

/** The GPU has no room for a buffer. */
import { t } from "../text/l10n.ts";
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

/** The storage buffers of a device. */
interface Memory {
  /** Bytes that are left of its budget. */
  left: number;
  readonly spares: SpareBuffers<GPUBuffer>;
}
const memories = new WeakMap<GPUDevice, Memory>();
/** Where each buffer that is in use goes back to. */
const owners = new WeakMap<GPUBuffer, Memory>();

function memoryOf(device: GPUDevice): Memory {
  const memory = memories.get(device) ?? { left: Infinity, spares: new SpareBuffers<GPUBuffer>() };
  memories.set(device, memory);
  return memory;
}

/** From now on {@link createBuffers} gives so many bytes at once, whatever the device has. */
export function limitMemory(device: GPUDevice, bytes: number): void {
  const memory = memoryOf(device);
  memory.left = bytes;
  memory.spares.limit = bytes;
}

/**
 * Storage buffers, filled with zeros, of these sizes in bytes, all or none.
 * @throws OutOfMemory, also where one of them is larger than a kernel can bind.
 */
export async function createBuffers<Name extends string>(
  device: GPUDevice,
  sizes: Readonly<Record<Name, number>>,
): Promise<Record<Name, GPUBuffer>> {
  const names = Object.keys(sizes) as Name[];
  const all = names.map((name) => sizes[name]);
  const total = all.reduce((sum, size) => sum + size, 0);
  const memory = memoryOf(device);
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  if (Math.max(...all) > Math.min(maxBufferSize, maxStorageBufferBindingSize) || total > memory.left) {
    throw outOfMemory(total);
  }
  // Before anything is awaited: others ask meanwhile.
  memory.left -= total;
  const buffers = memory.spares.take(all);
  clear(
    device,
    buffers.filter((buffer) => buffer !== null),
  );
  const make = async (): Promise<boolean> => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const missing = all.flatMap((size, i) => (buffers[i] === null ? [{ i, size }] : []));
    if (missing.length === 0) return true;
    device.pushErrorScope("out-of-memory");
    const made = missing.map(({ size, i }) => device.createBuffer({ label: names[i]!, size, usage }));
    if ((await device.popErrorScope()) === null) {
      for (const [place, { i }] of missing.entries()) buffers[i] = made[place]!;
      return true;
    }
    for (const buffer of made) buffer.destroy();
    return false;
  };
  if (!(await make())) {
    // Perhaps what nobody uses at the moment is in the way.
    memory.spares.clear();
    if (!(await make())) {
      for (const buffer of buffers) buffer?.destroy();
      memory.spares.forgo(total);
      memory.left += total;
      throw outOfMemory(total);
    }
  }
  const entries = names.map((name, i) => {
    const buffer = buffers[i]!;
    buffer.label = name;
    owners.set(buffer, memory);
    return [name, buffer] as const;
  });
  return Object.fromEntries(entries) as Record<Name, GPUBuffer>;
}

function outOfMemory(bytes: number): OutOfMemory {
  return new OutOfMemory(t("{0} MiB could not be had", Math.ceil(bytes / 2 ** 20)));
}

/** Dawn does so for new buffers. */
function clear(device: GPUDevice, used: readonly GPUBuffer[]): void {
  if (used.length === 0) return;
  const encoder = device.createCommandEncoder({ label: "zeros" });
  for (const buffer of used) encoder.clearBuffer(buffer);
  device.queue.submit([encoder.finish()]);
}

/**
 * Gives buffers of {@link createBuffers} back, which nobody submits work for any more: garbage collection does not see
 * their memory. The next buffers may get it.
 */
export function releaseBuffers(buffers: Readonly<Record<string, GPUBuffer>>): void {
  for (const buffer of Object.values(buffers)) {
    const memory = owners.get(buffer);
    if (memory === undefined) continue;
    owners.delete(buffer);
    memory.left += buffer.size;
    memory.spares.give([buffer]);
  }
}
