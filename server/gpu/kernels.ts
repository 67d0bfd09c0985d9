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
  layout: GPUPipelineLayout | "auto" = "auto",
): Promise<Kernel> {
  const module = device.createShaderModule({ label: name, code: source });
  const pipeline = await device.createComputePipelineAsync({
    label: name,
    layout,
    compute: { module, entryPoint: "main", constants: { ...overrides } },
  });
  return { name, pipeline };
}

/**
 * A layout for kernels that all read and write the same `count` buffers, as bindings 0, 1, … of group 0, and have
 * `immediateSize` bytes of immediate data, so that what is set for one holds for the next. The first `onlyRead` buffers
 * are not written.
 */
export function commonLayout(device: GPUDevice, count: number, immediateSize: number, onlyRead = 0): GPUPipelineLayout {
  const entries = Array.from({ length: count }, (_, binding) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: binding < onlyRead ? ("read-only-storage" as const) : ("storage" as const) },
  }));
  return device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })], immediateSize });
}

/** Ties buffers to a kernel's bindings 0, 1, … of group 0. */
export function bindBuffers(device: GPUDevice, kernel: Kernel, buffers: readonly GPUBindingResource[]): GPUBindGroup {
  return device.createBindGroup({
    label: kernel.name,
    layout: kernel.pipeline.getBindGroupLayout(0),
    entries: buffers.map((resource, binding) => ({ binding, resource })),
  });
}

/** What was set last in a pass. */
interface State {
  kernel?: Kernel;
  buffers?: GPUBindGroup;
  parameters?: readonly number[] | Uint32Array;
}

const states = new WeakMap<GPUComputePassEncoder, State>();

/**
 * Encodes one dispatch: `parameters` are the kernel's immediate data. Every call into Dawn takes a microsecond, so what
 * is the same as in the pass's dispatch before is not set again: kernels of one {@link commonLayout} may share the very
 * bind group and parameters.
 */
export function dispatch(
  pass: GPUComputePassEncoder,
  kernel: Kernel,
  buffers: GPUBindGroup,
  parameters: readonly number[] | Uint32Array<ArrayBuffer>,
  [x, y = 1, z = 1]: readonly [x: number, y?: number, z?: number],
): void {
  let state = states.get(pass);
  if (state === undefined) {
    state = {};
    states.set(pass, state);
  }
  if (state.kernel !== kernel) pass.setPipeline(kernel.pipeline);
  if (state.buffers !== buffers) pass.setBindGroup(0, buffers);
  if (state.parameters !== parameters) {
    pass.setImmediates(0, parameters instanceof Uint32Array ? parameters : new Uint32Array(parameters));
  }
  state.kernel = kernel;
  state.buffers = buffers;
  state.parameters = parameters;
  pass.dispatchWorkgroups(x, y, z);
}
