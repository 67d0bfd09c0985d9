/**
 * What of the two-stage reduction suits one adapter better than another: few numbers, each with the values that are worth
 * trying. The first is the default, the quickest on the card that all was measured on (docs/performance.md).
 * autotune.ts measures the others.
 */
import type { Gpu } from "../gpu/device.ts";
import { chasingBytes, chasingOf } from "./bulge-chasing.ts";
import { band } from "./panel-source.ts";

export interface Tuning {
  /** Whether the loops of matrix products over workgroup memory are written out, see tile-source.ts. */
  readonly unrolled: boolean;
  /** Invocations of a workgroup that factors a panel: more hold more rows in registers, if the adapter has so many. */
  readonly panelThreads: number;
  /** Sweeps of bulge chasing that a workgroup takes. */
  readonly sweeps: number;
  /** Invocations that keep the adapter busy while values are bisected: the more, the fewer rounds that each value takes. */
  readonly bisecting: number;
}

/** The values of each number, the default first. */
export type TuningChoices = { readonly [Name in keyof Tuning]: readonly [Tuning[Name], ...Tuning[Name][]] };

/** Of a card with memory of its own there are more invocations at a time than of one within a processor. */
export type AdapterClass = "processor" | "integrated" | "discrete";

/** What the choices depend on. */
export interface Traits {
  readonly class: AdapterClass;
  /** Small workgroups: a processor runs their invocations one after another. */
  readonly small: boolean;
  /** Whether multiplying and adding at once is what the compiler does, which no processor's does. */
  readonly fused: boolean;
  /** Whether panels are factored with subgroups. */
  readonly subgroups: boolean;
  readonly workgroupBytes: number;
  readonly workgroupThreads: number;
}

export function traitsOf({ device, description, target }: Gpu): Traits {
  const { limits, adapterInfo } = device;
  return {
    class: description.software ? "processor" : isIntegrated(adapterInfo) ? "integrated" : "discrete",
    ...target,
    subgroups: hasSubgroups(device),
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    workgroupThreads: limits.maxComputeInvocationsPerWorkgroup,
  };
}

/** Whether the device has subgroups that the panel kernel can use: none is larger than a workgroup. */
function hasSubgroups({ features, adapterInfo }: GPUDevice): boolean {
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = Infinity } = adapterInfo;
  return features.has("subgroups") && least >= 8 && most <= 64;
}

/**
 * Whether a graphics card is part of a processor, as far as its names tell: WebGPU does not. It decides only what is
 * tried, so that a wrong guess costs a little speed at most.
 */
export function isIntegrated({
  vendor,
  description,
  device,
}: Pick<GPUAdapterInfo, "vendor" | "description" | "device">): boolean {
  const name = `${device} ${description}`;
  switch (vendor) {
    case "apple":
    case "arm":
    case "img-tec":
    case "qualcomm":
    case "samsung":
      return true;
    case "intel":
      // Cards are called Arc A770 and the like, processors’ parts Arc Graphics, Iris or UHD.
      return !/\barc\b.* [ab]\d{3}m?\b/i.test(name);
    case "amd":
      // “AMD Radeon Graphics”, “AMD Radeon(TM) Vega 8 Graphics”, “AMD Radeon 780M”; cards have four digits.
      return /radeon(\(tm\))?( vega \d+)? graphics|radeon(\(tm\))? \d{3}m\b/i.test(name);
    default:
      return false;
  }
}

/** What is worth trying on an adapter, all of it within its limits. */
export function tuningChoices({ class: kind, small, fused, subgroups, ...limits }: Traits): TuningChoices {
  const bytes = (sweeps: number): number => chasingBytes(chasingOf(band, sweeps));
  // As many as 256 invocations take and workgroup memory holds.
  let sweeps = 256 / (2 * band);
  while (bytes(sweeps) > limits.workgroupBytes) sweeps -= 1;
  // Without subgroups the sums of more invocations would not fit workgroup memory.
  const most = Math.min(subgroups ? 512 : 256, limits.workgroupThreads);
  return {
    // Compilers of processors take minutes for what is unrolled, and gain nothing.
    unrolled: fused ? [true, false] : [false],
    panelThreads: small ? [64] : kind === "integrated" && most > 256 ? [most, most / 2, most / 4] : [most, most / 2],
    sweeps: [sweeps, Math.ceil(sweeps / 2)],
    bisecting: kind === "discrete" ? [32768, 8192] : [32768, 8192, 2048],
  };
}

/** The first of each. */
export function defaultTuning(choices: TuningChoices): Tuning {
  const { unrolled, panelThreads, sweeps, bisecting } = choices;
  return { unrolled: unrolled[0], panelThreads: panelThreads[0], sweeps: sweeps[0], bisecting: bisecting[0] };
}

/** Whether something that was kept is a tuning, and one of these. */
export function isTuning(value: unknown, choices: TuningChoices): value is Tuning {
  if (typeof value !== "object" || value === null) return false;
  const kept = new Map<string, unknown>(Object.entries(value));
  const names = Object.keys(choices);
  const isChoice = (name: string): boolean => choices[name as keyof Tuning].some((choice) => choice === kept.get(name));
  return kept.size === names.length && names.every(isChoice);
}
