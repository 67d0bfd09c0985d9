import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { Submits } from "../gpu/paced-submits.ts";
import { cornersOf } from "./delayed-reduction.ts";
import type { Blocks, TwoStageKernels } from "./two-stage-kernels.ts";

/** Bytes of the packed bands of `count` matrices. */
export function bandBytes({ band }: Blocks, count: number, columns: number): number {
  return 4 * count * columns * 3 * band;
}

/** How sweeps are grouped, which shaders/chase-bulges.wgsl explains. */
export type Chasing = Pick<Blocks, "band" | "sweeps" | "halves" | "spacing">;

/** The groups of so many sweeps: twice as many halves in a dispatch. */
export function chasingOf(band: number, sweeps: number): Chasing {
  const halves = 2 * sweeps;
  return { band, sweeps, halves, spacing: halves + 3 * sweeps + 2 };
}

/** Bytes of workgroup memory that a group takes. */
export function chasingBytes({ band, sweeps, halves }: Chasing): number {
  const window = Math.ceil((halves + 3 * sweeps) / 2) * band * 3 * band;
  return 4 * (window + 2 * sweeps * band);
}

/**
 * Puts the bands that `reduceToBand` left in `corners` together in `band` and reduces them there to upper bidiagonal form.
 * The method is explained in shaders/chase-bulges.wgsl.
 */
export async function chaseBulges(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: Submits,
  count: number,
  columns: number,
  { corners, band }: { readonly corners: GPUBuffer; readonly band: GPUBuffer },
  signal: AbortSignal,
): Promise<void> {
  const { packBand, chaseBulges: chase, blocks } = kernels;
  const packBuffers = bindBuffers(device, packBand, [corners, band]);
  const chaseBuffers = bindBuffers(device, chase, [band]);
  const rounds = chasingRounds(blocks, columns);
  await submits.run(
    rounds.length + 1,
    (step) => 1 + (count * (rounds[step - 1]?.groups ?? 0)) / 200,
    (pass, step) => {
      if (step === 0) {
        const groups = Math.min(4096, Math.ceil((columns * 3 * blocks.band) / 64));
        dispatch(pass, packBand, packBuffers, [columns, cornersOf(columns, blocks.band)], [groups, 1, count]);
        return;
      }
      const { number, firstGroup, groups } = rounds[step - 1]!;
      dispatch(pass, chase, chaseBuffers, [columns, number, firstGroup], [groups, 1, count]);
    },
    signal,
  );
}

/** A dispatch, and which groups of sweeps are at work in it. */
interface Round {
  readonly number: number;
  readonly firstGroup: number;
  readonly groups: number;
}

function chasingRounds({ band, sweeps, halves, spacing }: Chasing, columns: number): Round[] {
  // The last two rows have nothing to clear.
  const groups = Math.ceil(Math.max(0, columns - 2) / sweeps);
  const duration = (group: number): number => 2 * Math.ceil((columns - group * sweeps) / band) + 3 * sweeps;
  const rounds: Round[] = [];
  let first = 0;
  for (let number = 0; first < groups; number++) {
    while (first < groups && halves * number - spacing * first >= duration(first)) first += 1;
    const last = Math.min(groups, Math.ceil((halves * (number + 1)) / spacing)) - 1;
    if (last >= first) rounds.push({ number, firstGroup: first, groups: last - first + 1 });
  }
  return rounds;
}
