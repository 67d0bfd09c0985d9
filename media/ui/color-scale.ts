import { scaleColor, scaleColors } from "../../server/color/viridis.ts";

export { scaleColor };

/** The part of the scale that stands out from a ground: neither its darkest on dark nor its lightest on light ones. */
export function lineScale(dark: boolean): { readonly color: (share: number) => string; readonly gradient: string } {
  const [from, to] = dark ? [0.2, 1] : [0, 0.82];
  const color = (share: number): string => scaleColor(from + share * (to - from));
  const steps = Array.from({ length: 9 }, (_, index) => color(index / 8));
  return { color, gradient: `linear-gradient(to right, ${steps.join(", ")})` };
}

/** The whole scale as a CSS gradient from left to right. */
export const scaleGradient = `linear-gradient(to right, ${scaleColors.join(", ")})`;

/** Blue for what is below zero, orange for what is above, the ground itself for zero: apart without colour vision too. */
export function divergingScale(
  dark: boolean,
  ground: string,
): { readonly color: (share: number) => string; readonly gradient: string } {
  const [below, above] = dark ? ["rgb(86, 180, 255)", "rgb(255, 160, 60)"] : ["rgb(0, 84, 166)", "rgb(190, 78, 0)"];
  const color = (share: number): string => {
    // A little root: small entries are told apart from zero.
    const strength = Math.min(1, Math.abs(share)) ** 0.8;
    return mixed(ground, share < 0 ? below : above, strength);
  };
  const steps = Array.from({ length: 17 }, (_, index) => color((index - 8) / 8));
  return { color, gradient: `linear-gradient(to right, ${steps.join(", ")})` };
}

function mixed(from: string, to: string, share: number): string {
  const [left, right] = [from, to].map((color) => (color.match(/[\d.]+/gu) ?? []).slice(0, 3).map(Number));
  return `rgb(${[0, 1, 2].map((part) => Math.round((left?.[part] ?? 0) * (1 - share) + (right?.[part] ?? 0) * share)).join(", ")})`;
}
