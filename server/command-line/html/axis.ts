/** Axes of the report's figures: where a value lies, and which values are written. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  /** From 0 to 1 along the axis; values beyond its ends lie on them. */
  readonly share: (value: number) => number;
  readonly ticks: readonly number[];
}

export function linearAxis(from: number, to: number, most = 6): Axis {
  const end = to > from ? to : from + 1;
  const step = roundStep((end - from) / most);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(end / step + 1e-9);
  return {
    from,
    to: end,
    share: (value) => clamp((value - from) / (end - from)),
    // Multiples, not sums: 0.1 three times is not 0.3.
    ticks: Array.from({ length: Math.max(0, last - first + 1) }, (_, k) =>
      Number(((first + k) * step).toPrecision(12)),
    ),
  };
}

/** @param from above zero */
export function logarithmicAxis(from: number, to: number): Axis {
  const end = to > from ? to : from * 10;
  const decades = Math.log10(end / from);
  const digits = decades <= 2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / 7));
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(from)); decade <= Math.ceil(Math.log10(end)); decade += stride) {
    for (const digit of digits) {
      const value = Number(`${digit}e${decade}`);
      if (value >= from && value <= end) ticks.push(value);
    }
  }
  return { from, to: end, share: (value) => clamp(Math.log(value / from) / Math.log(end / from)), ticks };
}

/** 1, 2 or 5 times a power of ten, at least so large. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((digit) => digit * power >= least * (1 - 1e-9)) ?? 10) * power;
}

function clamp(share: number): number {
  return Math.max(0, Math.min(1, share));
}
