import { profilesOf } from "../analysis/profiles.ts";
import type { MatrixDetail, VectorsDetail } from "../protocol.ts";
import { AverageSpectra } from "../spectrum/average-spectra.ts";
import { compressionOf } from "../spectrum/compression.ts";
import { likelyInitialiser } from "../spectrum/likely-initialiser.ts";
import { nonzeroPart } from "../spectrum/nonzero-part.ts";
import { movingAverage } from "../statistics/moving-average.ts";
import { inertJson } from "../text/json.ts";
import type { Report } from "./report.ts";

/** The results in schema 1. */
export async function* jsonReport({ engine, checkpoints, draw }: Report): AsyncGenerator<string> {
  yield `{"schema":1,\n"engine":${inertJson(engine)},\n"checkpoints":[`;
  let first = true;
  for (const { analysis, ids, vectors, problems } of checkpoints) {
    const { path, files, tensors, parameters, bytes, family } = analysis.catalogue;
    const facts = { path, files: files.length, tensors: tensors.length, parameters, bytes, family };
    yield `${first ? "" : ","}\n${inertJson(facts).slice(0, -1)},\n"matrices":[`;
    first = false;
    let separator = "\n";
    const averages = new AverageSpectra();
    for (const id of ids) {
      const detail = await analysis.detail(id, vectors);
      if (detail !== null) {
        const { grade, pValue, reason } = detail.verdict;
        const values = Float64Array.from(detail.singularValues, (value) => value ?? NaN);
        if (detail.head === undefined) averages.add(detail.role, detail, values);
        yield (
          separator +
          inertJson({
            name: detail.tensor,
            role: detail.role,
            layer: detail.layer,
            expert: detail.expert,
            head: detail.head ?? null,
            dtype: detail.dtype,
            shape: [detail.rows, detail.columns],
            singularValues: detail.singularValues,
            metrics: { ...detail.metrics, ...vectorMetrics(detail.vectors) },
            noise: { ...detail.noise, ...vectorNoise(detail.vectors) },
            verdict: { grade, pValue, reason },
            entries: entriesOf(detail, values, analysis.initializerRange),
            compression: compressionOf(values, detail, detail.metrics.outliersLeft ?? 0),
            ...(detail.vectors === undefined ? {} : { vectors: eachVector(detail.vectors) }),
            ...(draw === null ? {} : { drawn: await draw(analysis, detail) }),
          })
        );
        separator = ",\n";
      }
    }
    const told = problems.map(({ code, severity, tensor, head, message }) => ({
      code,
      severity,
      tensor,
      head,
      message,
    }));
    const chosen = new Set(ids);
    const profiles = profilesOf(analysis.judged.filter(({ id }) => chosen.has(id)));
    const averageSpectra = averages.results;
    yield `],\n"problems":${inertJson(told)},\n"profiles":${inertJson({ ...profiles, averageSpectra })}}`;
  }
  yield "]}\n";
}

/** The keys that `--vectors` adds to the metrics. */
function vectorMetrics(vectors: VectorsDetail | undefined): Readonly<Record<string, object>> {
  if (vectors === undefined) return {};
  const { left, right, localisation } = vectors;
  return {
    ksLeft: left,
    ksRight: right,
    localisationLeft: localisation.left.mean,
    localisationRight: localisation.right.mean,
  };
}

function vectorNoise(vectors: VectorsDetail | undefined): Readonly<Record<string, object>> {
  if (vectors === undefined) return {};
  const { noise, localisation } = vectors;
  return {
    ksLeft: noise.left,
    ksRight: noise.right,
    localisationLeft: localisation.noise.left,
    localisationRight: localisation.noise.right,
  };
}

/** One number a singular vector, in the order of the values. */
function eachVector({ pValues, localisation }: VectorsDetail): Readonly<Record<"left" | "right", object>> {
  const side = (which: "left" | "right"): object => {
    const { largest, inverseParticipation } = localisation[which];
    return { pValues: pValues[which], movingAverage: movingAverage(pValues[which]), largest, inverseParticipation };
  };
  return { left: side("left"), right: side("right") };
}

/** The moments of the entries, and the initialiser that they are consistent with, in words; null where they were not read. */
function entriesOf(detail: MatrixDetail, singularValues: Float64Array, initializerRange: number | null) {
  const { entries } = detail;
  if (entries === null) return null;
  const { mean, variance, excessKurtosis, minimum, maximum, zeros, nonFinite, zeroRows, zeroColumns } = entries;
  const { rowDispersion, columnDispersion } = entries;
  const initialiser =
    nonFinite > 0
      ? null
      : (likelyInitialiser(entries, nonzeroPart(entries, detail, singularValues), initializerRange)?.words ?? null);
  return {
    ...{ mean, variance, excessKurtosis, minimum, maximum, zeros, nonFinite, zeroRows, zeroColumns },
    ...{ rowDispersion, columnDispersion, initialiser },
  };
}
