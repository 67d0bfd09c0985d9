/** Opens a graphics adapter through Dawn, the WebGPU implementation that the npm package `webgpu` brings for Node. */
import { t } from "../text/l10n.ts";
import { calmPolling } from "./calm-polling.ts";
import { Failure } from "./failure.ts";
import { EngineUnavailable } from "./engine-unavailable.ts";

export { EngineUnavailable };

/** An open device with what its user must know of the adapter. */
export interface Gpu {
  readonly device: GPUDevice;
  /** `software`: the processor emulates a GPU (lavapipe, SwiftShader, WARP). */
  readonly description: { readonly adapter: string; readonly backend: string; readonly software: boolean };
  readonly target: Target;
  /**
   * Settles with the reason, a sentence, when the device is of no use any more: it is gone, be it by {@link Gpu.close}, a
   * driver's reset or an unplugged card, or it refused a call, for want of memory or because the call was invalid.
   */
  readonly lost: Promise<string>;
  /** The same, for who waits for work that the device does. */
  readonly failure: Failure;
  close(): void;
}

/** What decides how kernels are written, beside the device's limits and features. */
export interface Target {
  /** Small workgroups: a processor runs their invocations one after another, with a cost for each barrier. */
  readonly small: boolean;
  /** Whether fma rounds once. */
  readonly fused: boolean;
}

export interface DeviceOptions {
  /** Dawn's own, such as `disable-dawn-features=timestamp_quantization` for benchmarks. */
  readonly dawn?: readonly string[];
  /** `least`: no limit is raised above what the kernels need, which any adapter has. */
  readonly limits?: "adapter" | "least";
  /** Whether subgroups are used where there are any. */
  readonly subgroups?: boolean;
  /** Chosen by the adapter unless it is given: those of a graphics card run on a processor too, though slowly. */
  readonly workgroups?: "large" | "small";
}

/** What the kernels need at least; every conforming adapter has more. */
const requiredLimits = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxStorageBuffersPerShaderStage: 8,
  maxImmediateSize: 64,
} as const;

/**
 * What `create()` returned, by its options. Dawn lives as long as these objects are referenced: once one is
 * collected, the process crashes or hangs at the next call.
 */
const instances = new Map<string, GPU>();

/**
 * Opens the adapter whose name contains `adapter`, or the fastest if that is empty.
 * @throws EngineUnavailable if there is none, none of that name, or it is too small.
 */
export async function openDevice(
  adapter: string,
  { dawn = [], limits: wanted = "adapter", subgroups = true, workgroups }: DeviceOptions = {},
): Promise<Gpu> {
  const found = await requestAdapter(adapter, dawn);
  const { info, limits } = found;
  const name = info.description === "" ? info.device : info.description;
  for (const [limit, least] of Object.entries(requiredLimits)) {
    const has = limits[limit as keyof typeof requiredLimits];
    if (has < least) {
      throw new EngineUnavailable(
        "adapter-too-small",
        t("The graphics adapter {0} is too small: its {1} is {2}, and {3} are needed.", name, limit, has, least),
        t("Update the graphics driver, or choose another adapter in the settings."),
      );
    }
  }
  let device: GPUDevice;
  try {
    device = await found.requestDevice({
      requiredFeatures: (subgroups
        ? (["subgroups", "timestamp-query"] as const)
        : (["timestamp-query"] as const)
      ).filter((feature) => found.features.has(feature)),
      requiredLimits:
        wanted === "least"
          ? requiredLimits
          : {
              maxBufferSize: limits.maxBufferSize,
              maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
              maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
              maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
              maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
              maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
              maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
              maxImmediateSize: limits.maxImmediateSize,
            },
    });
  } catch (error) {
    throw new EngineUnavailable(
      "no-adapter",
      t("The graphics adapter {0} could not be opened: {1}", name, firstLine(error)),
      t("Update the graphics driver, or choose another adapter in the settings."),
      { cause: error },
    );
  }
  const lost = new Promise<string>((resolve) => {
    void device.lost.then(({ message }) => {
      resolve(t("The graphics device was lost: {0}", firstLine(message)));
    });
    device.addEventListener("uncapturederror", ({ error }) => {
      resolve(t("The graphics driver refused a call: {0}", firstLine(error.message)));
    });
  });
  return {
    device,
    description: { adapter: name, backend: backendOf(info), software: info.isFallbackAdapter },
    // Processors that emulate a GPU multiply and add in two steps.
    target: {
      small: workgroups === undefined ? info.isFallbackAdapter : workgroups === "small",
      fused: !info.isFallbackAdapter,
    },
    lost,
    failure: new Failure(lost),
    close: () => {
      device.destroy();
    },
  };
}

/**
 * Finds the adapter whose name contains `name`, or the fastest if that is empty.
 * @throws EngineUnavailable if there is none, or none of that name.
 */
export async function requestAdapter(name: string, options: readonly string[] = []): Promise<GPUAdapter> {
  let create: (options: string[]) => GPU;
  try {
    const module = await import("webgpu");
    Object.assign(globalThis, module.globals);
    create = module.create;
  } catch (error) {
    throw new EngineUnavailable(
      "no-dawn",
      t("Dawn, which runs the GPU, could not be loaded: {0}", firstLine(error)),
      process.platform === "linux"
        ? t("It needs a 64-bit Linux with glibc 2.34 or newer (Debian 12, Ubuntu 22.04, Fedora 35, RHEL 9).")
        : t(
            "It exists for Windows, macOS and Linux on x64 and arm64; this is {0} on {1}.",
            process.platform,
            process.arch,
          ),
      { cause: error },
    );
  }
  let adapter: GPUAdapter | null;
  try {
    const all = name === "" ? [...options] : [`adapter=${name}`, ...options];
    if (instances.size === 0) calmPolling();
    const dawn = instances.get(all.join()) ?? create(all);
    instances.set(all.join(), dawn);
    // Discrete adapters first, processors that emulate one last.
    adapter = await dawn.requestAdapter({ powerPreference: "high-performance" });
  } catch (error) {
    throw unavailable(name, error);
  }
  if (adapter === null) throw unavailable(name, null);
  return adapter;
}

/** The names of the adapters there are, which Dawn's message lists when it finds none of the wanted name. */
export function namesIn(error: unknown): string[] {
  const message = error instanceof Error ? error.message : "";
  return [...new Set(Array.from(message.matchAll(/name: '(.*)'/g), (match) => match[1]!))];
}

/** Why no adapter was found. */
function unavailable(name: string, cause: unknown): EngineUnavailable {
  const names = namesIn(cause);
  if (name !== "" && names.length > 0) {
    const remedy = t("Choose one of: {0}.", names.join(", "));
    return new EngineUnavailable("no-adapter", t("No graphics adapter is called “{0}”.", name), remedy, { cause });
  }
  if (process.platform === "linux" && !hasVulkanLoader()) {
    const remedy = t(
      "Install it (Debian, Ubuntu: libvulkan1; Fedora: vulkan-loader) and a driver. {0}",
      softwareDriver(),
    );
    return new EngineUnavailable("no-loader", t("The Vulkan loader, libvulkan.so.1, is not installed."), remedy, {
      cause,
    });
  }
  return new EngineUnavailable("no-adapter", t("No graphics adapter was found."), driverRemedy(), { cause });
}

function softwareDriver(): string {
  return t(
    "Without a graphics card, the software driver does: mesa-vulkan-drivers 23 or newer (Debian 12: bookworm-backports).",
  );
}

function driverRemedy(): string {
  switch (process.platform) {
    case "linux":
      return t("Install the graphics card's Vulkan driver. {0}", softwareDriver());
    case "win32":
      return t("Install the graphics card's driver from its maker.");
    default:
      return t("Use a machine with a graphics card.");
  }
}

/** Node opens libraries only as its own modules; the loader is none, but the message tells whether it was found. */
function hasVulkanLoader(): boolean {
  try {
    process.dlopen({ exports: {} }, "libvulkan.so.1");
    return true;
  } catch (error) {
    return !String(error).includes("cannot open shared object file");
  }
}

/** Dawn does not tell the backend, but each platform has one that it prefers. */
function backendOf(info: GPUAdapterInfo): string {
  if (info.device === "null-backend") return "null";
  return process.platform === "win32" ? "d3d12" : process.platform === "darwin" ? "metal" : "vulkan";
}

/** The first line of a message that may carry a stack of Dawn's. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split("\n", 1)[0]!;
}
