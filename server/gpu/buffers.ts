/** The GPU has no room for a buffer. */
import { t } from "../text/l10n.ts";
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

/** Bytes that are left of a device's budget, and whose each buffer is. */
interface Budget {
  left: number;
}
const budgets = new WeakMap<GPUDevice, Budget>();
const owners = new WeakMap<GPUBuffer, Budget>();

/** From now on {@link createBuffers} gives so many bytes at once, whatever the device has. */
export function limitMemory(device: GPUDevice, bytes: number): void {
  budgets.set(device, { left: bytes });
}

/**
 * Storage buffers, filled with zeros, of these sizes in bytes, all or none.
 * @throws OutOfMemory, also where one of them is larger than a kernel can bind.
 */
export async function createBuffers<Name extends string>(
  device: GPUDevice,
  sizes: Readonly<Record<Name, number>>,
): Promise<Record<Name, GPUBuffer>> {
  const all = Object.values<number>(sizes);
  const total = all.reduce((sum, size) => sum + size, 0);
  const budget = budgets.get(device);
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  if (Math.max(...all) > Math.min(maxBufferSize, maxStorageBufferBindingSize) || total > (budget?.left ?? Infinity)) {
    throw outOfMemory(total);
  }
  // Before anything is awaited: others ask meanwhile.
  if (budget !== undefined) budget.left -= total;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  device.pushErrorScope("out-of-memory");
  const buffers = Object.fromEntries(
    Object.entries<number>(sizes).map(([label, size]) => [label, device.createBuffer({ label, size, usage })]),
  ) as Record<Name, GPUBuffer>;
  if (budget !== undefined) for (const buffer of Object.values<GPUBuffer>(buffers)) owners.set(buffer, budget);
  const error = await device.popErrorScope();
  if (error === null) return buffers;
  destroyAll(buffers);
  throw outOfMemory(total);
}

function outOfMemory(bytes: number): OutOfMemory {
  return new OutOfMemory(t("{0} MiB could not be had", Math.ceil(bytes / 2 ** 20)));
}

/** Gives the memory back at once: garbage collection does not see it. */
export function destroyAll(buffers: Readonly<Record<string, GPUBuffer>>): void {
  for (const buffer of Object.values(buffers)) {
    buffer.destroy();
    const budget = owners.get(buffer);
    if (budget !== undefined) budget.left += buffer.size;
    owners.delete(buffer);
  }
}
