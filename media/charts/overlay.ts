/** Spectra of several matrices over each other: singular values, and the energy they hold together. */
import { t } from "../../server/text/l10n.ts";
import type { Compared } from "../model/compared.ts";
import { colouringOf, shortNames } from "../model/compared.ts";
import { energyAbove, quantile } from "../../server/statistics/marchenko-pastur.ts";
import { formatInteger, formatNumber, formatShare, plural } from "../ui/format.ts";
import { lineScale } from "../ui/color-scale.ts";
import { visibleName } from "../ui/text.ts";
import type { ChartColors } from "../ui/theme.ts";
import {
  plotOptions,
  referenceLine,
  type AxisOptions,
  type LegendEntry,
  type Plot,
  type PlotConfiguration,
} from "./plot.ts";
import { cumulativeEnergy } from "../model/shown-spectrum.ts";
import { thin } from "./thin.ts";

export interface OverlayOptions {
  readonly logarithmic: boolean;
  /** Index over the number of values instead of the index. */
  readonly relative: boolean;
  /** Values over the largest of each matrix. */
  readonly normalised: boolean;
}

type Dataset = PlotConfiguration["data"]["datasets"][number];

/** A line of the overlay in full; {@link Line.y} is read at the positions that are drawn. */
interface Line {
  readonly name: string;
  readonly count: number;
  readonly x: (position: number) => number;
  readonly y: (position: number) => number;
}

const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

export function valuesOverlay(compared: readonly Compared[], options: OverlayOptions): Plot {
  const { logarithmic, relative, normalised } = options;
  const names = namesOf(compared);
  const lines = compared.map(({ values }, index): Line => {
    const unit = normalised && (values[0] ?? 0) > 0 ? values[0]! : 1;
    return {
      name: names[index]!,
      count: values.length,
      x: (position) => (relative ? (position + 1) / values.length : position + 1),
      y: (position) => values[position]! / unit,
    };
  });
  const y = normalised ? t("singular value / largest") : t("singular value");
  const longest = Math.max(1, ...lines.map(({ count }) => count));
  return overlay(compared, lines, {
    x: relative
      ? { title: t("index / number of values"), minimum: 0, maximum: 1 }
      : { title: t("index"), whole: true, minimum: 0, maximum: longest },
    y: { title: y, logarithmic, ...(logarithmic ? {} : { minimum: 0 }) },
    description: plural(
      compared.length,
      "Singular values of {0} matrix in descending order.",
      "Singular values of {0} matrices in descending order.",
    ),
    read: (line, position) =>
      t("s at {0} of {1}: {2}", formatInteger(position + 1), formatInteger(line.count), formatNumber(line.y(position))),
    keep: (value) => !logarithmic || value > 0,
  });
}

export function energyOverlay(compared: readonly Compared[], options: Pick<OverlayOptions, "relative">): Plot {
  const names = namesOf(compared);
  const lines = compared.flatMap(({ values }, index): Line[] => {
    const energy = cumulativeEnergy(values);
    return energy === null
      ? []
      : [
          {
            name: names[index]!,
            count: energy.length,
            x: (position) => (options.relative ? position / values.length : position),
            y: (position) => energy[position]!,
          },
        ];
  });
  const longest = Math.max(1, ...lines.map(({ count }) => count - 1));
  return overlay(compared, lines, {
    x: options.relative
      ? { title: t("directions / all directions"), minimum: 0, maximum: 1 }
      : { title: t("directions, strongest first"), minimum: 0, maximum: longest },
    y: { title: t("share of the energy"), minimum: 0, maximum: 1 },
    description: plural(compared.length, "Cumulative energy of {0} matrix.", "Cumulative energy of {0} matrices."),
    read: (line, position) =>
      t(
        "{0} of {1} directions: {2}",
        formatInteger(position),
        formatInteger(line.count - 1),
        formatShare(line.y(position)),
      ),
    keep: () => true,
    noise: noiseEnergy(compared, options.relative),
  });
}

/** What noise would give, where all matrices have one shape; null where they do not. */
function noiseEnergy(compared: readonly Compared[], relative: boolean): { x: number; y: number }[] | null {
  const shapes = new Set(compared.map(({ spectrum }) => `${spectrum.rows} ${spectrum.columns}`));
  const [first] = compared;
  if (first === undefined || shapes.size > 1) return null;
  const { rows, columns } = first.spectrum;
  const small = Math.min(rows, columns);
  const shape = small / Math.max(rows, columns);
  return thin(small + 1, 200, 10).map((k) => ({
    x: relative ? k / small : k,
    y: k === 0 ? 0 : k === small ? 1 : energyAbove(quantile(1 - k / small, shape), shape),
  }));
}

interface Words {
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly description: string;
  readonly read: (line: Line, position: number) => string;
  readonly keep: (value: number) => boolean;
  /** A line for reference. */
  readonly noise?: { x: number; y: number }[] | null;
}

function overlay(compared: readonly Compared[], lines: readonly Line[], words: Words): Plot {
  const colouring = colouringOf(compared);
  const { noise = null } = words;
  const colorOf = (index: number, colors: ChartColors): string => {
    if (colouring === "role") return colors.roles[compared[index]!.spectrum.role];
    if (colouring === "palette") return colors.palette[index % colors.palette.length]!;
    return lineScale(colors.dark).color(lines.length < 2 ? 0 : index / (lines.length - 1));
  };
  const drawn = lines.map((line) =>
    thin(line.count, lines.length > 32 ? 300 : 600).filter((at) => words.keep(line.y(at))),
  );
  const longest = Math.max(0, ...lines.map(({ count }) => count));
  const rows = thin(longest, 120, 20);
  return {
    description: words.description,
    legend: [
      ...(colouring === "scale" ? [] : lines.map(({ name }, index) => entry(name, colouring, compared[index]!, index))),
      ...(noise === null ? [] : [{ label: t("noise of this shape"), series: "noise", shape: "dashes" } as const]),
    ],
    ...(colouring === "scale"
      ? {
          scale: (colors: ChartColors) => ({
            from: lines[0]?.name ?? "",
            to: lines.at(-1)?.name ?? "",
            gradient: lineScale(colors.dark).gradient,
            colors: [lineScale(colors.dark).color(0), lineScale(colors.dark).color(1)],
          }),
        }
      : {}),
    table: {
      caption: words.description,
      columns: [words.x.title, ...lines.map(({ name }) => name)],
      rows: rows.map((at) => [
        formatInteger(at + 1),
        ...lines.map((line) => (at < line.count ? formatNumber(line.y(at)) : "")),
      ]),
    },
    numbers: () => ({
      columns: ["position", ...lines.map(({ name }) => name)],
      rows: Array.from({ length: longest }, (_, at) => [
        at + 1,
        ...lines.map((line) => (at < line.count ? line.y(at) : null)),
      ]),
    }),
    configuration: (colors) => {
      const options = plotOptions(words.x, words.y, colors, (series, index) => {
        const line = lines[series];
        const position = drawn[series]?.[index];
        return line === undefined || position === undefined ? "" : [line.name, words.read(line, position)];
      });
      return {
        type: "line",
        data: {
          datasets: [
            ...lines.map((line, index): Dataset => {
              const color = colorOf(index, colors);
              return {
                type: "line",
                data: drawn[index]!.map((at) => ({ x: line.x(at), y: line.y(at) })),
                borderColor: color,
                borderWidth: lines.length > 32 ? 1 : 1.75,
                borderDash: colouring === "scale" ? [] : [...dashes[index % dashes.length]!],
                pointRadius: 0,
                pointHoverRadius: 4,
                pointHoverBackgroundColor: color,
              };
            }),
            ...(noise === null ? [] : [referenceLine(noise, colors.noise)]),
          ],
        },
        options: { ...options, interaction: { mode: "nearest", axis: "xy", intersect: false } },
      };
    },
  };
}

function namesOf(compared: readonly Compared[]): string[] {
  return shortNames(compared.map(({ spectrum }) => spectrum.id)).map((name) => visibleName(name, 80));
}

function entry(name: string, colouring: "role" | "palette", { spectrum }: Compared, index: number): LegendEntry {
  const shape = index % dashes.length === 0 ? "line" : "dashes";
  return colouring === "role"
    ? { label: name, series: `role-${spectrum.role}`, shape }
    : { label: name, color: `var(--palette-${(index % 8) + 1})`, shape };
}
