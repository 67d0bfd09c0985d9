import { SpareBuffers } from "./spare-buffers.ts";

/** Memory that the processor reads, kept between readbacks of one size. */
const spares = new WeakMap<GPUDevice, SpareBuffers<GPUBuffer>>();

/** Reads a buffer (usage COPY_SRC) back, all of it or some ranges of it one after another; sizes are multiples of 4. */
export async function readBack(
  device: GPUDevice,
  buffer: GPUBuffer,
  ranges: readonly { readonly offset: number; readonly bytes: number }[] = [{ offset: 0, bytes: buffer.size }],
): Promise<ArrayBuffer> {
  const size = ranges.reduce((sum, { bytes }) => sum + bytes, 0);
  const pool = spares.get(device) ?? new SpareBuffers<GPUBuffer>();
  spares.set(device, pool);
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const staging = pool.take([size])[0] ?? device.createBuffer({ label: "readback", size, usage });
  try {
    const encoder = device.createCommandEncoder({ label: "readback" });
    let position = 0;
    for (const { offset, bytes } of ranges) {
      encoder.copyBufferToBuffer(buffer, offset, staging, position, bytes);
      position += bytes;
    }
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const copy = staging.getMappedRange().slice(0);
    staging.unmap();
    pool.give([staging]);
    return copy;
  } catch (error) {
    staging.destroy();
    pool.forgo(size);
    throw error;
  }
}
