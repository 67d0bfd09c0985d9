/** Compiles compute kernels once each and runs them. */

/** A compiled compute kernel. */
export interface Kernel {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
}

/** Compiles the entry point `main` of a WGSL source; `overrides` are its pipeline constants. */
export async function compileKernel(
  device: GPUDevice,
  name: string,
  source: string,
  overrides: Readonly<Record<string, number>> = {},
): Promise<Kernel> {
  const module = device.createShaderModule({ label: name, code: source });
  const pipeline = await device.createComputePipelineAsync({
    label: name,
    layout: "auto",
    compute: { module, entryPoint: "main", constants: { ...overrides } },
  });
  return { name, pipeline };
}

/** Ties buffers to a kernel's bindings 0, 1, … of group 0. */
export function bindBuffers(device: GPUDevice, kernel: Kernel, buffers: readonly GPUBindingResource[]): GPUBindGroup {
  return device.createBindGroup({
    label: kernel.name,
    layout: kernel.pipeline.getBindGroupLayout(0),
    entries: buffers.map((resource, binding) => ({ binding, resource })),
  });
}

/** Encodes one dispatch: `parameters` are the kernel's immediate data. */
export function dispatch(
  pass: GPUComputePassEncoder,
  kernel: Kernel,
  buffers: GPUBindGroup,
  parameters: readonly number[],
  workgroups: readonly [x: number, y?: number, z?: number],
): void {
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, buffers);
  pass.setImmediates(0, Uint32Array.from(parameters));
  pass.dispatchWorkgroups(...workgroups);
}
