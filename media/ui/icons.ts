import { create, createSvg } from "./dom.ts";

/** Outlines on a 16 × 16 grid. A fill follows `currentColor`, so that an icon takes its text's colour in every theme. */
const paths = {
  "chevron-right": "M6 3.5 10.5 8 6 12.5",
  "chevron-down": "M3.5 6 8 10.5 12.5 6",
  search: "M6.75 11.5a4.75 4.75 0 1 1 0-9.5 4.75 4.75 0 0 1 0 9.5ZM10.2 10.2 14 14",
  close: "M4 4l8 8M12 4l-8 8",
  warning: "M8 2.2 14.4 13.5H1.6L8 2.2ZM8 6.5v3.4M8 11.4v.6",
  error: "M8 14A6 6 0 1 1 8 2a6 6 0 0 1 0 12ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  information: "M8 14A6 6 0 1 1 8 2a6 6 0 0 1 0 12ZM8 7.2v3.6M8 4.9v.7",
  back: "M9.5 3.5 5 8l4.5 4.5M5 8h8",
  chip: "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14",
  layers: "M8 2.2 14 5.4 8 8.6 2 5.4 8 2.2ZM2.4 8.2 8 11.2l5.6-3M2.4 10.9 8 13.9l5.6-3",
  matrix: "M2.5 2.5h11v11h-11zM2.5 6.2h11M2.5 9.8h11M6.2 2.5v11M9.8 2.5v11",
  vector: "M2.5 6.2h11v3.6h-11zM6.2 6.2v3.6M9.8 6.2v3.6",
  clock: "M8 14A6 6 0 1 1 8 2a6 6 0 0 1 0 12ZM8 4.8V8l2.2 1.8",
  outline: "M2.5 3.5h9M5.5 6.5h8M5.5 9.5h8M2.5 12.5h9",
  export: "M8 9.8V2.2M5 5l3-3 3 3M3 9v4.5h10V9",
  check: "M3 8.8 6.4 12 13 4.5",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  filter: "M2.5 3.5h11L9.4 8.4v4.1l-2.8 1.2V8.4Z",
  regex: "M10.5 2.5v6M7.9 4l5.2 3M13.1 4l-5.2 3M3.5 11.5h2v2h-2z",
  expand: "M4 6.5 8 2.5l4 4M4 9.5l4 4 4-4",
  collapse: "M4 2.5l4 4 4-4M4 13.5l4-4 4 4",
  /** Shapes of the grades: the word stands beside them, the shape tells them apart without colour. */
  "grade-full": "M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z",
  "grade-half": "M8 3.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z",
  "grade-dotted": "M8 3.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z",
  "grade-square": "M4.5 4.5h7v7h-7z",
  "grade-dash": "M4.5 8h7",
  "grade-pending": "M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z",
} as const;

export type IconName = keyof typeof paths;

/** A decorative icon of 16 px; what it means is said in words beside it or in its parent's label. */
export function icon(name: IconName): SVGSVGElement {
  const path = createSvg("path", { d: paths[name] });
  const svg = createSvg("svg", { viewBox: "0 0 16 16", class: `icon icon-${name}`, "aria-hidden": "true" }, path);
  // The half that is filled, of a half-filled circle.
  if (name === "grade-half") svg.append(createSvg("path", { d: "M8 3.5a4.5 4.5 0 0 0 0 9Z", class: "filled" }));
  return svg;
}

/** A button that shows an icon only; its label is its name and its tooltip. */
export function iconButton(name: IconName, label: string, onClick: () => void): HTMLButtonElement {
  return create(
    "button",
    { class: "icon-button", title: label, attributes: { type: "button", "aria-label": label }, onClick },
    icon(name),
  );
}
