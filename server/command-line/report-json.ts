import type { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import type { EngineStatus, Problem, VectorsDetail } from "../protocol.ts";

/** What schema 1 says of the engine. */
export interface EngineDescription extends Pick<EngineStatus, "adapter" | "backend" | "software"> {
  readonly version: string;
}

/**
 * The results in schema 1, in pieces: spectra are read and written a matrix at a time, so that a checkpoint of any size
 * can be reported.
 */
export async function* jsonReport(
  engine: EngineDescription,
  checkpoints: Iterable<{
    readonly analysis: CheckpointAnalysis;
    readonly ids: readonly string[];
    readonly problems: readonly Problem[];
  }>,
): AsyncGenerator<string> {
  yield `{"schema":1,\n"engine":${JSON.stringify(engine)},\n"checkpoints":[`;
  let first = true;
  for (const { analysis, ids, problems } of checkpoints) {
    const { path, files, tensors, parameters, bytes, family } = analysis.catalogue;
    const facts = { path, files: files.length, tensors: tensors.length, parameters, bytes, family };
    yield `${first ? "" : ","}\n${JSON.stringify(facts).slice(0, -1)},\n"matrices":[`;
    first = false;
    let separator = "\n";
    for (const id of ids) {
      const detail = await analysis.detail(id);
      if (detail !== null) {
        const { grade, pValue, reason } = detail.verdict;
        yield (
          separator +
          JSON.stringify({
            name: detail.tensor,
            role: detail.role,
            layer: detail.layer,
            expert: detail.expert,
            head: detail.head ?? null,
            dtype: detail.dtype,
            shape: [detail.rows, detail.columns],
            singularValues: detail.singularValues,
            metrics: { ...detail.metrics, ...randomness(detail.vectors) },
            noise: { ...detail.noise, ...randomness(detail.vectors?.noise) },
            verdict: { grade, pValue, reason },
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
    yield `],\n"problems":${JSON.stringify(told)}}`;
  }
  yield "]}\n";
}

/** The keys that `--vectors` adds. */
function randomness(
  vectors: Pick<VectorsDetail, "left" | "right"> | undefined,
): Readonly<Record<string, VectorsDetail["left"]>> {
  return vectors === undefined ? {} : { ksLeft: vectors.left, ksRight: vectors.right };
}
