import type { Finding } from "../analysis/findings.ts";
import type { DrawnSpectrum, MatrixDetail, VectorsDetail } from "../protocol.ts";
import { metricKeys } from "../spectrum/metrics.ts";
import { csvLine, type CsvCell } from "../text/csv.ts";
import type { Report } from "./report.ts";

/** A record a matrix (RFC 4180), under a record of names; those of numbers are the keys of the JSON. */
export async function* csvReport({ checkpoints, draw }: Report): AsyncGenerator<string> {
  const withVectors = checkpoints.some(({ vectors }) => vectors);
  yield csvLine([
    ...["checkpoint", "name", "role", "layer", "expert", "head", "dtype", "rows", "columns"],
    ...["grade", "pValue", "reason", "problems"],
    ...metricKeys.flatMap((key) => [key, `noise.${key}`]),
    ...(withVectors ? randomnessNames : []),
    ...(draw === null ? [] : metricKeys.map((key) => `drawn.${key}`)),
  ]);
  for (const { analysis, ids, vectors, problems } of checkpoints) {
    for (const id of ids) {
      const detail = await analysis.detail(id, vectors);
      if (detail === null) continue;
      const { role, layer, expert, dtype, rows, columns, grade, verdict, metrics, noise } = detail;
      yield csvLine([
        ...[analysis.catalogue.path, detail.head === undefined ? id : detail.tensor],
        ...[role, layer, expert, detail.head ?? null, dtype, rows, columns],
        ...[grade, verdict.pValue, verdict.reason, codesOf(detail, problems)],
        ...metricKeys.flatMap((key) => [metrics[key], noise[key]]),
        ...(withVectors ? randomness(detail.vectors) : []),
        ...(draw === null ? [] : drawnCells(await draw(analysis, detail))),
      ]);
    }
  }
}

const sides = ["left", "right"] as const;

const randomnessNames = ["ksLeft", "ksRight"].flatMap((side) =>
  ["meanP", "shareBelow05"].flatMap((key) => [`${side}.${key}`, `noise.${side}.${key}`]),
);

function randomness(vectors: VectorsDetail | undefined): CsvCell[] {
  return sides.flatMap((side) =>
    (["meanP", "shareBelow05"] as const).flatMap((key) => [
      vectors?.[side][key] ?? null,
      vectors?.noise[side][key] ?? null,
    ]),
  );
}

function drawnCells(drawn: DrawnSpectrum | null): CsvCell[] {
  return metricKeys.map((key) => drawn?.metrics[key] ?? null);
}

/** The codes of what was found on a matrix, in one field. */
function codesOf({ tensor, head }: MatrixDetail, problems: readonly Finding[]): string {
  const codes = problems
    .filter((problem) => problem.tensor === tensor && problem.head === (head ?? null))
    .map(({ code }) => code);
  return [...new Set(codes)].join(" ");
}
