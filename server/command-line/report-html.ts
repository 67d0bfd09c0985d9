/**
 * The results as one page that needs nothing else: no script, no font, no file beside it, and a policy that would let
 * none of them in. Charts are SVG in it, each with its numbers in words or in a table.
 */
import { createHash } from "node:crypto";
import type { Finding } from "../analysis/findings.ts";
import type { JudgedMatrix } from "../analysis/summary.ts";
import type { MatrixDetail, ProductResult, Severity } from "../protocol.ts";
import type { Grade } from "../spectrum/verdict.ts";
import { formatBytes, formatCount, formatNumber, shortened } from "../text/format.ts";
import { languageTag, plural, t } from "../text/l10n.ts";
import { heatMaps } from "./html/heat-map.ts";
import { markup, type Markup } from "./html/markup.ts";
import { byNumber, notableMatrices, overNoise } from "./html/notable.ts";
import { histogramFigure, valuesFigure } from "./html/spectrum-figures.ts";
import { style } from "./html/style.ts";
import type { EngineDescription, Report, ReportedCheckpoint } from "./report.ts";

const mostFindings = 400;
const mostRanked = 150;
const mostProducts = 300;

export async function* htmlReport({ engine, checkpoints, failures }: Report): AsyncGenerator<string> {
  yield head(checkpoints);
  yield markup`<p class="product">Safetensors Spectrum</p>`.source;
  if (failures.length > 0) {
    yield markup`<ul class="notes">
      ${failures.map((failure) => markup`<li>${failure}</li>`)}
    </ul>`.source;
  }
  for (const [index, checkpoint] of checkpoints.entries()) {
    yield* checkpointSection(checkpoint, index);
  }
  yield `${markup`${footer(engine)}</body></html>`.source}\n`;
}

function head(checkpoints: readonly ReportedCheckpoint[]): string {
  const names = checkpoints.map(({ analysis }) => nameOf(analysis.catalogue.path).join(" / "));
  const title = names.length === 1 ? names[0]! : plural(names.length, "{0} checkpoint", "{0} checkpoints");
  const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'`;
  // The hash is of every character between the tags.
  return `<!DOCTYPE html>\n${markup`<html lang="${languageTag()}"><head><meta charset="utf-8"/><meta http-equiv="Content-Security-Policy" content="`.source}${policy}"/>${markup`<meta name="viewport" content="width=device-width, initial-scale=1" /><title>${title} · Safetensors Spectrum</title>`.source}<style>${style}</style></head><body>\n`;
}

async function* checkpointSection(
  { analysis, ids, products, problems }: ReportedCheckpoint,
  index: number,
): AsyncGenerator<string> {
  const { catalogue } = analysis;
  const chosen = new Set(ids);
  const judged = analysis.judged.filter(({ id }) => chosen.has(id));
  const grades = countBy(
    ids.flatMap((id) => {
      const result = analysis.result(id);
      return result === null || result.head !== undefined ? [] : [result.grade];
    }),
  );
  const matrices = [...grades.values()].reduce((sum, count) => sum + count, 0);
  const [folder, file] = nameOf(catalogue.path);
  yield markup`<section class="checkpoint">
    <h1>${folder === "" ? null : markup`<span class="folder">${folder} / </span>`}${file}</h1>
    <p class="path">${catalogue.path}</p>
    ${facts([
      [t("Family"), catalogue.family ?? t("unknown")],
      [t("Parameters"), formatCount(catalogue.parameters)],
      [t("Tensors"), String(catalogue.tensors.length)],
      [t("Matrices"), String(matrices)],
      [t("Size"), formatBytes(catalogue.bytes)],
      [t("Files"), String(catalogue.files.length)],
      [t("Dtypes"), [...countBy(catalogue.tensors.map(({ dtype }) => dtype)).keys()].join(", ")],
    ])}
    <p class="lead">${inShort(grades, problems)}</p>
  </section>`.source;
  if (matrices > 0)
    yield markup`<h2>${t("Grades")}</h2>
      ${gradesBar(grades, matrices)}`.source;
  yield markup`<h2>${t("Findings")}</h2>
    ${findingList(problems)}`.source;
  const maps = heatMaps(judged, `map-${index}`);
  if (maps !== null)
    yield markup`<h2>${t("Across the model")}</h2>
      ${maps}`.source;
  const notable = notableMatrices(judged, problems);
  if (notable.length > 0) {
    yield markup`<h2>${t("Notable spectra")}</h2>
      ${legend()}
      <div class="spectra">`.source;
    for (const { id } of notable) {
      const detail = await analysis.detail(id);
      if (detail !== null) yield spectrumCard(detail).source;
    }
    yield "</div>";
  }
  if (judged.length > 0)
    yield markup`<h2>${t("Ranking")}</h2>
      ${ranking(judged)}`.source;
  if (products.length > 0)
    yield markup`<h2>${t("Products of weights")}</h2>
      ${productTable(products)}`.source;
  if (Object.keys(catalogue.metadata).length > 0)
    yield markup`<h2>${t("Metadata")}</h2>
      ${metadata(catalogue.metadata)}`.source;
  yield "</section>\n";
}

/** The folder's name, which mostly is the model's, and the file's. */
function nameOf(path: string): [folder: string, file: string] {
  const parts = path.split(/[\\/]/u);
  return [shortened(parts.at(-2) ?? "", 80), shortened(parts.at(-1) ?? "", 120)];
}

function facts(pairs: readonly (readonly [name: string, value: string])[]): Markup {
  return markup`<dl class="facts">
    ${pairs.map(
      ([name, value]) =>
        markup`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** What a reader takes with them who reads nothing else. */
function inShort(grades: ReadonlyMap<Grade, number>, problems: readonly Finding[]): string {
  const total = [...grades.values()].reduce((sum, count) => sum + count, 0);
  const learned = (grades.get("learned") ?? 0) + (grades.get("partly-learned") ?? 0);
  const loud = problems.filter(({ severity }) => severity !== "information").length;
  const findings =
    problems.length === 0
      ? t("Nothing was found that deserves attention.")
      : plural(
          problems.length,
          "{0} finding, {1} of it louder than information.",
          "{0} findings, {1} of them louder than information.",
          loud,
        );
  if (total === 0) return `${t("No matrix is analysed.")} ${findings}`;
  const standing =
    learned === total
      ? t("All {0} matrices stand out from random initialisation.", total)
      : t("{0} of {1} matrices stand out from random initialisation.", learned, total);
  return `${standing} ${findings}`;
}

type Tone = Severity | "good" | "quiet";

const tones: Readonly<Record<Grade, Tone>> = {
  "non-finite": "error",
  random: "warning",
  zero: "warning",
  constant: "warning",
  duplicate: "warning",
  "near-random": "information",
  orthogonal: "quiet",
  identity: "quiet",
  "partly-learned": "good",
  learned: "good",
  "too-small": "quiet",
  unsupported: "quiet",
};

function gradesBar(grades: ReadonlyMap<Grade, number>, total: number): Markup {
  const shown = (Object.keys(tones) as Grade[]).flatMap((grade) => {
    const count = grades.get(grade) ?? 0;
    return count === 0 ? [] : [{ grade, count }];
  });
  let from = 0;
  const bars = shown.map(({ grade, count }) => {
    const width = (1000 * count) / total;
    const bar = markup`<rect
      class="${classOf(grade)}"
      x="${from.toFixed(1)}"
      y="0"
      width="${Math.max(1, width - 2).toFixed(1)}"
      height="14"
      ><title>${count} ${grade}</title></rect
    >`;
    from += width;
    return bar;
  });
  const words = shown.map(({ grade, count }) => `${count} ${grade}`).join(", ");
  return markup`<svg class="grades-bar" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label="${words}">
      ${bars}
    </svg>
    <ul class="legend">
      ${shown.map(({ grade, count }) => markup`<li><span class="swatch ${classOf(grade)}"></span>${count} ${grade}</li>`)}
    </ul>`;
}

/** Two grades of one tone are told apart. */
function classOf(grade: Grade): string {
  return `tone-${tones[grade]}${grade === "partly-learned" || grade === "zero" || grade === "duplicate" ? " half" : ""}`;
}

const loudest: readonly Severity[] = ["error", "warning", "information"];

function findingList(problems: readonly Finding[]): Markup {
  if (problems.length === 0) return markup`<p class="quiet">${t("None.")}</p>`;
  const sorted = loudest.flatMap((severity) => problems.filter((problem) => problem.severity === severity));
  const more = sorted.length - mostFindings;
  return markup`<ul class="findings">
      ${sorted.slice(0, mostFindings).map(
        ({ code, severity, message }) =>
          markup`<li>
            <span><span class="badge tone-${severity}">${code}</span></span
            ><span>${message}</span>
          </li>`,
      )}
    </ul>
    ${more > 0 ? markup`<p class="quiet">${others(more)}</p>` : null}`;
}

/** What is left out is there all the same. */
function others(more: number): string {
  return plural(more, "{0} more is in the other formats.", "{0} more are in the other formats.");
}

/** What the colours and lines of the figures are. */
function legend(): Markup {
  const entry = (sample: Markup, label: string): Markup =>
    markup`<span><svg viewBox="0 0 18 10" aria-hidden="true">${sample}</svg>${label}</span>`;
  return markup`<p class="key">
    ${entry(markup`<rect class="bulk" x="0" y="0" width="18" height="10"/>`, t("bulk"))}
    ${entry(markup`<rect class="outlier" x="0" y="0" width="18" height="10"/>`, t("outliers"))}
    ${entry(markup`<line class="curve" x1="0" x2="18" y1="5" y2="5"/>`, "Marchenko–Pastur")}
    ${entry(markup`<line class="curve dashed" x1="0" x2="18" y1="5" y2="5"/>`, t("expected of noise"))}
  </p>`;
}

function spectrumCard(detail: MatrixDetail): Markup {
  const { metrics, noise, rows, columns, dtype } = detail;
  const number = (name: string, value: number | null, expected: number | null): Markup =>
    markup`<div>
      <dt>${name}</dt>
      <dd>${formatNumber(value)} <span class="noise">${t("noise {0}", formatNumber(expected))}</span></dd>
    </div>`;
  return markup`<article class="spectrum">
    <header>
      <h3>${shortened(detail.id)}</h3>
      <span class="badge tone-${tones[detail.grade]}">${detail.grade}</span
      ><span class="quiet">${rows} × ${columns} ${dtype}</span>
    </header>
    <p class="why">${sentence(shortened(detail.reason, 600))}</p>
    <div class="figures">${histogramFigure(detail)}${valuesFigure(detail)}</div>
    <dl class="numbers">
      ${number(t("Effective rank"), metrics.effectiveRank, noise.effectiveRank)}
      ${number(t("Components for 90 %"), metrics.energy90, noise.energy90)}
      ${number(t("Stable rank"), metrics.stableRank, noise.stableRank)}
      ${number(t("Above the bulk"), metrics.outliersRight, noise.outliersRight)}
      ${number(t("Spectral norm"), metrics.spectralNorm, noise.spectralNorm)}
    </dl>
  </article>`;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/u.test(first) ? first : `${first}.`;
}

/** From the most concentrated spectrum to the one most like noise. */
function ranking(judged: readonly JudgedMatrix[]): Markup {
  const sorted = byNumber(judged, (matrix) => overNoise(matrix, "effectiveRank"));
  // Of many, both ends: what stands between them is in the other formats.
  const most = Math.floor(mostRanked / 2);
  const cut = sorted.length > mostRanked;
  const shown = cut ? [...sorted.slice(0, most), ...sorted.slice(-most)] : sorted;
  const left = judged.length - shown.length;
  return markup`<p class="quiet">
      ${t("By effective rank over its noise value: from the most concentrated spectrum to the one most like noise.")}
      ${cut ? t("The first and the last {0}.", most) : null}
    </p>
    <div class="wide">
      <table>
        <caption>${t("Matrices by effective rank over its noise value")}</caption>
        <thead>
          <tr>
            <th scope="col">${t("Matrix")}</th>
            <th scope="col">${t("Role")}</th>
            <th scope="col" class="number">${t("Shape")}</th>
            <th scope="col">${t("Grade")}</th>
            <th scope="col" class="number">${t("Eff. rank")}</th>
            <th scope="col" class="number">${t("Noise")}</th>
            <th scope="col" class="number">${t("÷ noise")}</th>
            <th scope="col"></th>
            <th scope="col" class="number">${t("Rank 90 %")}</th>
            <th scope="col" class="number">${t("Outliers")}</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(rankedRow)}
        </tbody>
      </table>
    </div>
    ${left > 0 ? markup`<p class="quiet">${others(left)}</p>` : null}`;
}

function rankedRow(matrix: JudgedMatrix): Markup {
  const { id, role, rows, columns, grade, metrics, noise } = matrix;
  const ratio = overNoise(matrix, "effectiveRank");
  const bar = ratio === null ? null : ratioBar(ratio);
  return markup`<tr>
    <th scope="row">${shortened(id, 120)}</th>
    <td>${role}</td>
    <td class="number">${rows} × ${columns}</td>
    <td><span class="badge tone-${tones[grade]}">${grade}</span></td>
    <td class="number">${formatNumber(metrics.effectiveRank)}</td>
    <td class="number noise">${formatNumber(noise.effectiveRank)}</td>
    <td class="number">${formatNumber(ratio)}</td>
    <td class="ratio">${bar}</td>
    <td class="number">${formatNumber(metrics.energy90)}</td>
    <td class="number">${formatNumber(metrics.outliersRight)}</td>
  </tr>`;
}

/** From nothing to 1, where noise is. */
function ratioBar(ratio: number): Markup {
  return markup`<svg viewBox="0 0 80 8" aria-hidden="true">
    <rect x="0" y="1" width="${(76 * Math.min(1.05, ratio)).toFixed(1)}" height="6" />
    <line x1="76" x2="76" y1="0" y2="8" />
  </svg>`;
}

function productTable(products: readonly ProductResult[]): Markup {
  const more = products.length - mostProducts;
  const row = (product: ProductResult): Markup => {
    const { kind, module, head: query, keyHead, rows, columns, rank, verdict, metrics, noise } = product;
    const what = kind === "update" ? "ΔW" : t("W_QᵀW_K of head {0} and key head {1}", query ?? 0, keyHead ?? 0);
    return markup`<tr>
      <th scope="row">${shortened(module, 120)}</th>
      <td>${what}</td>
      <td class="number">${rows} × ${columns}</td>
      <td class="number">${rank}</td>
      <td><span class="badge tone-${tones[verdict.grade]}">${verdict.grade}</span></td>
      <td class="number">${formatNumber(metrics.effectiveRank)}</td>
      <td class="number noise">${formatNumber(noise.effectiveRank)}</td>
      <td class="number">${formatNumber(metrics.spectralNorm)}</td>
    </tr>`;
  };
  return markup`<div class="wide">
      <table>
        <caption>${t("Products of weights")}</caption>
        <thead>
          <tr>
            <th scope="col">${t("Module")}</th>
            <th scope="col">${t("Product")}</th>
            <th scope="col" class="number">${t("Shape")}</th>
            <th scope="col" class="number">${t("Rank")}</th>
            <th scope="col">${t("Grade")}</th>
            <th scope="col" class="number">${t("Eff. rank")}</th>
            <th scope="col" class="number">${t("Noise")}</th>
            <th scope="col" class="number">${t("Norm")}</th>
          </tr>
        </thead>
        <tbody>
          ${products.slice(0, mostProducts).map(row)}
        </tbody>
      </table>
    </div>
    ${more > 0 ? markup`<p class="quiet">${others(more)}</p>` : null}`;
}

function metadata(entries: Readonly<Record<string, string>>): Markup {
  return markup`<div class="wide">
    <table>
      <caption>${t("Metadata of the files")}</caption>
      <tbody>
        ${Object.entries(entries)
          .slice(0, 100)
          .map(
            ([name, value]) =>
              markup`<tr>
                <th scope="row">${shortened(name, 120)}</th>
                <td>${shortened(value, 1000)}</td>
              </tr>`,
          )}
      </tbody>
    </table>
  </div>`;
}

function footer({ version, adapter, backend, software }: EngineDescription): Markup {
  const where = [adapter, backend, software ? t("in software") : null].filter((part) => part !== null).join(", ");
  const by =
    where === ""
      ? t("Made by Safetensors Spectrum {0}.", version)
      : t("Made by Safetensors Spectrum {0} on {1}.", version, where);
  return markup`<footer>
    <p>${t("Each spectrum is compared with that of independent random entries of the same shape and size. Noise fills the bulk between s₋ and s₊ along the Marchenko–Pastur curve; what training adds stands out of it. “Noise” beside a number is what such a random matrix would give.")}</p>
    <p>${by}</p>
  </footer>`;
}

function countBy<Item>(items: readonly Item[]): Map<Item, number> {
  const counts = new Map<Item, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
