/** Role × layer maps of some metrics, of which one is shown: chosen by radio buttons, without any script. */
import { profilesOf, type RoleProfile } from "../../analysis/profiles.ts";
import type { JudgedMatrix } from "../../analysis/summary.ts";
import { roles } from "../../architecture/role.ts";
import { scaleColor } from "../../color/viridis.ts";
import type { MetricKey } from "../../spectrum/metrics.ts";
import { formatNumber } from "../../text/format.ts";
import { plural, t } from "../../text/l10n.ts";
import { markup, type Markup } from "./markup.ts";

interface MappedMetric {
  readonly key: MetricKey;
  readonly label: string;
  /** Divided by what noise of the same shape gives. */
  readonly overNoise: boolean;
}

/** As many as html/style.ts has rules for tabs. */
function mappedMetrics(): readonly MappedMetric[] {
  return [
    { key: "effectiveRank", label: t("Effective rank ÷ noise"), overNoise: true },
    { key: "energy90", label: t("Components for 90 % ÷ noise"), overNoise: true },
    { key: "stableRank", label: t("Stable rank ÷ noise"), overNoise: true },
    { key: "outliersRight", label: t("Above the bulk"), overNoise: false },
    { key: "sigmaBulk", label: t("σ of the bulk"), overNoise: false },
  ];
}

const labelWidth = 104;
const cellHeight = 22;
const mostLayers = 256;

/**
 * @param group tells the radio buttons of one map from those of another
 * @returns null where there is no depth to show
 */
export function heatMaps(matrices: readonly JudgedMatrix[], group: string): Markup | null {
  const found = profilesOf(matrices).roles;
  const profiles = roles.flatMap((role) => found.filter((profile) => profile.role === role));
  const layers = [...new Set(profiles.flatMap((profile) => profile.layers))].sort((a, b) => a - b);
  if (layers.length < 2 || layers.length > mostLayers) return null;
  const metrics = mappedMetrics();
  const inputs = metrics.map(
    ({ label }, index) =>
      markup`<input type="radio" name="${group}" id="${group}-${index}" ${index === 0 ? markup` checked` : null} /><label
          for="${group}-${index}"
          >${label}</label
        >`,
  );
  const panels = metrics.map((metric) => markup`<div class="panel">${heatMap(profiles, layers, metric)}</div>`);
  return markup`<div class="tabs" role="group" aria-label="${t("Metric of the map")}">${inputs}${panels}</div>`;
}

interface Cell {
  readonly value: number | null;
  readonly words: string;
}

function heatMap(profiles: readonly RoleProfile[], layers: readonly number[], metric: MappedMetric): Markup {
  const rows = profiles.map((role) => ({ role, cells: layers.map((layer) => cellOf(role, layer, metric)) }));
  const known = rows.flatMap(({ cells }) => cells.flatMap((cell) => cell?.value ?? []));
  const from = Math.min(...known);
  const to = Math.max(...known);
  if (known.length === 0) return markup`<p class="quiet">${t("Nothing is known of it.")}</p>`;
  const logarithmic = from > 0 && to / from > 30;
  const at = (value: number): number => (logarithmic ? Math.log(value) : value);
  const share = (value: number): number => (to === from ? 0.5 : (at(value) - at(from)) / (at(to) - at(from)));
  const cellWidth = Math.max(4, Math.min(72, Math.floor(900 / layers.length)));
  const width = labelWidth + cellWidth * layers.length;
  const height = cellHeight * rows.length + 24;
  const stride = Math.ceil(26 / cellWidth);
  const drawn = rows.map(
    ({ role, cells }, row) =>
      markup`<text class="row" x="${labelWidth - 8}" y="${row * cellHeight + 15}" text-anchor="end">${role.role}</text
        >${cells.map((cell, column) =>
          cell === null
            ? null
            : markup`<rect
                ${cell.value === null ? markup`class="unknown"` : markup`fill="${scaleColor(share(cell.value))}"`}
                x="${labelWidth + column * cellWidth}"
                y="${row * cellHeight}"
                width="${cellWidth - 1}"
                height="${cellHeight - 1}"
                ><title>${cell.words}</title></rect
              >`,
        )}`,
  );
  const numbers = layers.map((layer, column) =>
    column % stride === 0
      ? markup`<text class="tick" x="${labelWidth + (column + 0.5) * cellWidth}" y="${height - 8}" text-anchor="middle"
          >${layer}</text
        >`
      : null,
  );
  const label = t("{0} by role and layer, from {1} to {2}", metric.label, formatNumber(from), formatNumber(to));
  return markup`<div class="wide">
      <svg
        class="heat"
        viewBox="0 0 ${width} ${height}"
        width="${width}"
        height="${height}"
        role="img"
        aria-label="${label}"
      >
        ${drawn}
        <text class="tick" x="${labelWidth - 8}" y="${height - 8}" text-anchor="end">${t("layer")}</text>
        ${numbers}
      </svg>
    </div>
    <p class="scale"><span>${formatNumber(from)}</span>${scaleBar}<span>${formatNumber(to)}</span></p>
    ${twin(rows, layers, metric)}`;
}

function cellOf(role: RoleProfile, layer: number, { key, overNoise }: MappedMetric): Cell | null {
  const index = role.layers.indexOf(layer);
  if (index < 0) return null;
  const value = role.values[key][index] ?? null;
  const noise = role.noise[key][index] ?? null;
  const ratio = value === null || noise === null || noise === 0 ? null : value / noise;
  const count = role.matrices[index]!;
  const parts = [
    t("{0}, layer {1}: {2}", role.role, layer, formatNumber(value)),
    t("noise {0}", formatNumber(noise)),
    ...(ratio === null ? [] : [`× ${formatNumber(ratio)}`]),
    ...(count > 1 ? [plural(count, "median of {0} matrix", "median of {0} matrices")] : []),
  ];
  return { value: overNoise ? ratio : value, words: parts.join(", ") };
}

const steps = 32;
const scaleBar = markup`<svg class="scale-bar" viewBox="0 0 ${steps * 5} 8" preserveAspectRatio="none" aria-hidden="true">
  ${Array.from(
    { length: steps },
    (_, step) => markup`<rect fill="${scaleColor(step / (steps - 1))}" x="${step * 5}" y="0" width="5.5" height="8" />`,
  )}
</svg>`;

/** The same numbers to be read. */
function twin(
  rows: readonly { readonly role: RoleProfile; readonly cells: readonly (Cell | null)[] }[],
  layers: readonly number[],
  { label }: MappedMetric,
): Markup {
  return markup`<details>
    <summary>${t("The numbers")}</summary>
    <div class="wide">
      <table>
        <caption>${t("{0} by role and layer", label)}</caption>
        <thead>
          <tr>
            <th scope="col">${t("Role")}</th>
            ${layers.map((layer) => markup`<th scope="col" class="number">${layer}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ role, cells }) =>
              markup`<tr>
                <th scope="row">${role.role}</th>
                ${cells.map((cell) => markup`<td class="number">${cell === null ? "" : formatNumber(cell.value)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}
