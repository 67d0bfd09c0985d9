import type { ConfigInitialiser } from "../architecture/config-initialiser.ts";
import { profilesOf } from "../analysis/profiles.ts";
import type { MatrixDetail, ProductResult, VectorsDetail } from "../protocol.ts";
import { AverageSpectra } from "../spectrum/average-spectra.ts";
import { compressionOf } from "../spectrum/compression.ts";
import { likelyInitialiser } from "../spectrum/likely-initialiser.ts";
import type { Metrics } from "../spectrum/metrics.ts";
import { nonzeroPart } from "../spectrum/nonzero-part.ts";
import { VectorProfiles } from "../spectrum/vector-profiles.ts";
import { movingAverage } from "../statistics/moving-average.ts";
import { inertJson } from "../text/json.ts";
import type { Report } from "./report.ts";

/** The results in schema 1. */
export async function* jsonReport({ engine, checkpoints, draw }: Report): AsyncGenerator<string> {
  yield `{"schema":1,\n"engine":${inertJson(engine)},\n"checkpoints":[`;
  let first = true;
  for (const { analysis, ids, vectors, products, problems } of checkpoints) {
    const { path, files, tensors, parameters, bytes, family } = analysis.catalogue;
    const facts = { path, files: files.length, tensors: tensors.length, parameters, bytes, family };
    yield `${first ? "" : ","}\n${inertJson(facts).slice(0, -1)},\n"matrices":[`;
    first = false;
    let separator = "\n";
    const hasHeads = ids.some((id) => analysis.result(id)?.head !== undefined);
    const basisOf = new Map(hasHeads ? analysis.portions.heads.map((head) => [head.id, head.basis]) : []);
    const averages = new AverageSpectra();
    const vectorProfiles = new VectorProfiles();
    for (const id of ids) {
      const detail = await analysis.detail(id, vectors);
      if (detail !== null) {
        const { grade, pValue, reason } = detail.verdict;
        const values = Float64Array.from(detail.singularValues, (value) => value ?? NaN);
        if (detail.head === undefined) averages.add(detail.role, detail, values);
        if (detail.vectors !== undefined) {
          vectorProfiles.add(detail.role, detail.head !== undefined, detail.layer, sidesOf(detail.vectors));
        }
        yield (
          separator +
          inertJson({
            name: detail.tensor,
            role: detail.role,
            layer: detail.layer,
            expert: detail.expert,
            head: detail.head ?? null,
            ...(detail.head === undefined ? {} : { basis: basisOf.get(id) ?? null }),
            dtype: detail.dtype,
            ...(detail.format === undefined ? {} : { format: detail.format }),
            shape: [detail.rows, detail.columns],
            singularValues: detail.singularValues,
            metrics: { ...detail.metrics, ...vectorMetrics(detail.vectors) },
            noise: { ...detail.noise, ...vectorNoise(detail.vectors) },
            verdict: { grade, pValue, reason },
            entries: entriesOf(detail, values, analysis.configInitialiser),
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
    const [updates, attention] = (["update", "attention"] as const).map((kind) =>
      products.filter((product) => product.kind === kind).map(productOf),
    );
    const all = { ...profiles, averageSpectra, ...(vectors ? { vectors: vectorProfiles.results } : {}) };
    yield `],\n"updates":${inertJson(updates)},\n"attention":${inertJson(attention)},`;
    yield `\n"problems":${inertJson(told)},\n"profiles":${inertJson(all)}}`;
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

function sidesOf({ left, right, noise, localisation }: VectorsDetail): Parameters<VectorProfiles["add"]>[3] {
  return {
    left: { ...left, localisation: localisation.left.mean },
    right: { ...right, localisation: localisation.right.mean },
    noise: {
      left: { ...noise.left, localisation: localisation.noise.left },
      right: { ...noise.right, localisation: localisation.noise.right },
    },
  };
}

/** A product as schema 1 has it: what an update and attention's product have in common, and what is each one's own. */
function productOf(product: ProductResult): object {
  const { kind, module, role, layer, expert, head, keyHead, rows, columns, rank, alpha, scale } = product;
  const { singularValues, metrics, noise } = product;
  const { grade, pValue, reason } = product.verdict;
  return {
    ...{ module, layer, expert },
    ...(kind === "update" ? { role, alpha, scale } : { head, keyHead }),
    shape: [rows, columns],
    rank,
    singularValues,
    metrics: existing(metrics),
    noise: existing(noise),
    verdict: { grade, pValue, reason },
  };
}

/** Without the metrics that mean nothing here. */
function existing(metrics: Metrics): Partial<Metrics> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== null));
}

/** The moments of the entries, and the initialiser that they are consistent with, in words; null where they were not read. */
function entriesOf(detail: MatrixDetail, singularValues: Float64Array, configInitialiser: ConfigInitialiser | null) {
  const { entries } = detail;
  if (entries === null) return null;
  const { mean, variance, excessKurtosis, minimum, maximum, zeros, nonFinite, zeroRows, zeroColumns } = entries;
  const { rowDispersion, columnDispersion } = entries;
  const initialiser =
    nonFinite > 0
      ? null
      : (likelyInitialiser(entries, nonzeroPart(entries, detail, singularValues), configInitialiser)?.words ?? null);
  return {
    ...{ mean, variance, excessKurtosis, minimum, maximum, zeros, nonFinite, zeroRows, zeroColumns },
    ...{ rowDispersion, columnDispersion, initialiser },
  };
}
