/** Reads a buffer (usage COPY_SRC) back, all of it or some ranges of it one after another; sizes are multiples of 4. */
export async function readBack(
  device: GPUDevice,
  buffer: GPUBuffer,
  ranges: readonly { readonly offset: number; readonly bytes: number }[] = [{ offset: 0, bytes: buffer.size }],
): Promise<ArrayBuffer> {
  const size = ranges.reduce((sum, { bytes }) => sum + bytes, 0);
  const staging = device.createBuffer({
    label: `${buffer.label} (readback)`,
    size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder({ label: "readback" });
    let position = 0;
    for (const { offset, bytes } of ranges) {
      encoder.copyBufferToBuffer(buffer, offset, staging, position, bytes);
      position += bytes;
    }
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}
