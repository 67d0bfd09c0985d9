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

/** The whole scale from its darkest to its lightest colour, evenly chosen. */
export const scaleColors: readonly string[] = stops.map((stop) => `rgb(${stop.join(", ")})`);
