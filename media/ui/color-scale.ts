/** Viridis: even steps look even, on light and dark grounds and without colour vision. Stops of matplotlib's table. */
const stops: readonly (readonly [red: number, green: number, blue: number])[] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/** The colour at a share of the scale, from 0 to 1. */
export function scaleColor(share: number): string {
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(at));
  const from = stops[below]!;
  const to = stops[below + 1]!;
  const mixed = from.map((part, index) => Math.round(part + (to[index]! - part) * (at - below)));
  return `rgb(${mixed.join(", ")})`;
}

/** The part of the scale that stands out from a ground: neither its darkest on dark nor its lightest on light ones. */
export function lineScale(dark: boolean): { readonly color: (share: number) => string; readonly gradient: string } {
  const [from, to] = dark ? [0.2, 1] : [0, 0.82];
  const color = (share: number): string => scaleColor(from + share * (to - from));
  const steps = Array.from({ length: 9 }, (_, index) => color(index / 8));
  return { color, gradient: `linear-gradient(to right, ${steps.join(", ")})` };
}

/** The whole scale as a CSS gradient from left to right. */
export const scaleGradient = `linear-gradient(to right, ${stops.map((stop) => `rgb(${stop.join(", ")})`).join(", ")})`;
