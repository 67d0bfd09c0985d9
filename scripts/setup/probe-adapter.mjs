// @ts-check
/**
 * Opens a device with Dawn, copies four numbers through it and prints the adapter's name; exits with 1 and one line
 * where that cannot be done. Run as a process of its own, since a broken driver may take its process down.
 */
import { create, globals } from "webgpu";

Object.assign(globalThis, globals);

async function probe() {
  // The object lives until the process ends: Dawn crashes when it is collected.
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error("no adapter");
  const device = await adapter.requestDevice();
  const size = 16;
  const written = device.createBuffer({ size, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  const read = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(written, 0, new Float32Array([1, 2, 3, 4]));
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(written, 0, read, 0, size);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const values = [...new Float32Array(read.getMappedRange())].join();
  if (values !== "1,2,3,4") throw new Error(`the adapter returned ${values} for 1,2,3,4`);
  return adapter.info.description || adapter.info.device || adapter.info.vendor;
}

probe().then(
  (name) => {
    console.log(name);
    process.exit(0);
  },
  (/** @type {Error} */ error) => {
    console.error(error.message.split("\n")[0]);
    process.exit(1);
  },
);
