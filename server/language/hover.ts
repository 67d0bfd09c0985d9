import { decimal, t } from "../text/l10n.ts";
import { storedAs } from "../text/stored-as.ts";
import {
  analyseTensorCommand,
  analyseVectorsCommand,
  revealCommand,
  type CatalogueTensor,
  type MatrixDetail,
  type RevealArguments,
} from "../protocol.ts";
import { formatPValue } from "../spectrum/format-significant.ts";
import { gradeLabel } from "../spectrum/grade-label.ts";
import type { MetricKey } from "../spectrum/metrics.ts";
import { formatBytes, formatNumber, shortened } from "../text/format.ts";
import { commandUri, longestLinkedName } from "./command-uri.ts";
import { escapeMarkdown } from "./markdown.ts";
import { spectrumPicture } from "./spectrum-picture.ts";

/** The rows of a hover: what most people look at. The editor shows all. */
const rows: readonly (readonly [label: () => string, key: MetricKey])[] = [
  [() => t("singular values above the noise edge"), "outliersRight"],
  [() => t("singular values below it"), "outliersLeft"],
  [() => t("directions for 90 % of the energy"), "energy90"],
  [() => t("effective rank"), "effectiveRank"],
  [() => t("stable rank"), "stableRank"],
  [() => t("largest / smallest value"), "firstLastRatio"],
  [() => t("spectral norm"), "spectralNorm"],
  [() => t("σ of the entries"), "sigmaEntries"],
];

/** A hover tells names whole that are cut elsewhere, up to this length. */
const longestTold = 1000;

/**
 * A layer's spectrum in a hover: verdict with its reason, small histogram with the Marchenko–Pastur curve, metrics beside
 * their noise values. Markdown; everything out of the file is escaped.
 */
export function matrixHover(
  tensor: CatalogueTensor,
  detail: MatrixDetail | null,
  { waiting, heads, checkpoint }: { readonly waiting: string; readonly heads: string; readonly checkpoint: string },
): string {
  const shape = tensor.shape.length === 0 ? t("scalar") : tensor.shape.join(" × ");
  const facts = [tensor.role, storedAs(tensor), shape, formatBytes(tensor.bytes)].join(" · ");
  // A hover is low: the name and the facts share a paragraph.
  const lines = [`**${escapeMarkdown(shortened(detail?.id ?? tensor.name, longestTold))}**  `, facts, ""];
  if (detail === null) {
    lines.push(
      tensor.matrices === 0 ? t("Not a matrix: it has no spectrum.") : waiting,
      "",
      links(tensor, checkpoint, false, false),
    );
    return lines.join("\n");
  }
  const reason = escapeMarkdown(detail.verdict.reason);
  const p = detail.verdict.pValue === null ? "" : ` (${formatPValue(detail.verdict.pValue)})`;
  lines.push(`**${gradeLabel(detail.grade)}**${p}: ${reason}`, "");
  const picture = spectrumPicture(detail);
  if (picture !== null) {
    const encoded = Buffer.from(picture, "utf8").toString("base64");
    lines.push(
      `![${t("histogram of the singular values with the Marchenko–Pastur curve")}](data:image/svg+xml;base64,${encoded})`,
      "",
    );
  }
  if (detail.metrics.spectralNorm !== null) {
    lines.push(`| | ${t("value")} | ${t("noise")} |`, "|:--|--:|--:|");
    for (const [label, key] of rows) {
      lines.push(`| ${label()} | ${formatNumber(detail.metrics[key])} | ${formatNumber(detail.noise[key])} |`);
    }
  }
  if (detail.vectors !== undefined) {
    const { left, right, noise } = detail.vectors;
    lines.push(
      `| ${t("left singular vectors with p < .05")} | ${share(left.shareBelow05)} | ${share(noise.left.shareBelow05)} |`,
      `| ${t("right singular vectors with p < .05")} | ${share(right.shareBelow05)} | ${share(noise.right.shareBelow05)} |`,
    );
  }
  if (heads !== "") {
    lines.push("", t("heads: {0}", heads));
  }
  lines.push("", links(tensor, checkpoint, true, detail.vectors === undefined));
  return lines.join("\n");
}

function share(value: number | null): string {
  return value === null ? "–" : `${decimal(String(Number((100 * value).toPrecision(2))))} %`;
}

/** What can be done with a tensor, as links: a read-only document offers no quick fixes. */
function links(
  { name, matrices }: CatalogueTensor,
  checkpoint: string,
  isKnown: boolean,
  lacksVectors: boolean,
): string {
  if (name.length > longestLinkedName) return "";
  const target: RevealArguments = { checkpoint, tensor: name };
  const link = (title: string, command: string): string => `[${title}](${commandUri(command, target)})`;
  const found = [link(t("Open in the spectrum editor"), revealCommand)];
  if (lacksVectors) {
    found.push(link(t("Analyse its vectors"), analyseVectorsCommand));
  }
  if (matrices > 0) {
    found.push(link(isKnown ? t("Analyse again") : t("Analyse this tensor"), analyseTensorCommand));
  }
  return found.join(" · ");
}
