/** The GPU has no room for a buffer. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

/**
 * Storage buffers, filled with zeros, of these sizes in bytes, all or none.
 * @throws OutOfMemory
 */
export async function createBuffers<Name extends string>(
  device: GPUDevice,
  sizes: Readonly<Record<Name, number>>,
): Promise<Record<Name, GPUBuffer>> {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  device.pushErrorScope("out-of-memory");
  const buffers = Object.fromEntries(
    Object.entries<number>(sizes).map(([label, size]) => [label, device.createBuffer({ label, size, usage })]),
  ) as Record<Name, GPUBuffer>;
  const error = await device.popErrorScope();
  if (error === null) return buffers;
  destroyAll(buffers);
  const total = Object.values<number>(sizes).reduce((sum, size) => sum + size, 0);
  throw new OutOfMemory(`${Math.ceil(total / 2 ** 20)} MiB could not be had`);
}

/** Gives the memory back at once: garbage collection does not see it. */
export function destroyAll(buffers: Readonly<Record<string, GPUBuffer>>): void {
  for (const buffer of Object.values(buffers)) buffer.destroy();
}
