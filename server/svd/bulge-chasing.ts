import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { Submits } from "../gpu/paced-submits.ts";
import { cornersOf } from "./delayed-reduction.ts";
import type { Blocks, TwoStageKernels } from "./two-stage-kernels.ts";

/** Bytes of the packed bands of `count` matrices. */
export function bandBytes({ band }: Blocks, count: number, columns: number): number {
  return 4 * count * columns * 3 * band;
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

function chasingRounds({ band, sweeps, waves, lag }: Blocks, columns: number): Round[] {
  // The last two rows have nothing to clear.
  const groups = Math.ceil(Math.max(0, columns - 2) / sweeps);
  const duration = (group: number): number =>
    Math.ceil((Math.ceil((columns - group * sweeps) / band) + 2 * sweeps) / waves);
  const rounds: Round[] = [];
  let first = 0;
  for (let number = 0; first < groups; number++) {
    while (first < groups && number - lag * first >= duration(first)) first += 1;
    const last = Math.min(groups - 1, Math.floor(number / lag));
    if (last >= first) rounds.push({ number, firstGroup: first, groups: last - first + 1 });
  }
  return rounds;
}
