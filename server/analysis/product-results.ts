/** The products of a checkpoint's weights, computed when someone asks for them. */
import { t } from "../text/l10n.ts";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { adapterConfig, type AdapterScale } from "../architecture/adapter.ts";
import { attentionViews, updateViews, type ProductView } from "../architecture/products.ts";
import { readScalar } from "../checkpoint/scalar.ts";
import { groupBy } from "../collections/group-by.ts";
import type { ProductResult, ProductsParams } from "../protocol.ts";
import { noMetrics } from "../spectrum/compute-metrics.ts";
import { formatSignificant } from "../spectrum/format-significant.ts";
import { productMetrics, productNoiseMetrics, productVerdict } from "../spectrum/product-spectrum.ts";
import type { ProductSource } from "../svd/measurement.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import type { GpuProcess } from "./gpu-process.ts";

/** Products that are told of together. */
const batchCount = 64;

/** The products of one kind that a checkpoint has. */
export function productViews({ architecture, portions }: CheckpointAnalysis, kind: ProductView["kind"]): ProductView[] {
  return kind === "update" ? updateViews(architecture) : attentionViews(portions.heads);
}

/** Which products are meant. */
export type ProductChoice = Pick<ProductsParams, "kind" | "blocks" | "tensors">;

/** Those of one kind in some blocks, or of some tensors. */
export function chosenProducts(analysis: CheckpointAnalysis, { kind, blocks, tensors }: ProductChoice): ProductView[] {
  return productViews(analysis, kind).filter(
    ({ description, left, right }) =>
      (blocks === undefined || blocks.includes(description.block)) &&
      (tensors === undefined || [left, right].some(({ view }) => tensors.includes(view.tensor.name))),
  );
}

/**
 * Computes products, in the order in which they are given.
 * @throws GpuUnavailable, GpuProcessLost, or the signal's reason when it is aborted.
 */
export async function measureProducts(
  gpu: Pick<GpuProcess, "runProducts">,
  analysis: CheckpointAnalysis,
  views: readonly ProductView[],
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress?: (done: number) => void },
): Promise<ProductResult[]> {
  const results = new Map<ProductView, ProductResult>();
  const scaleOf = await scales(analysis, views);
  for (const group of groupBy(views, likeness).values()) {
    for (let first = 0; first < group.length; first += batchCount) {
      const batch = group.slice(first, first + batchCount);
      const measured = new Map<number, Float64Array | string>();
      const accept = (index: number, outcome: Float64Array | string): void => {
        measured.set(index, outcome);
        onProgress?.(results.size + measured.size);
      };
      await gpu.runProducts(
        batch.map((view) => sourceOf(analysis, view)),
        {
          signal,
          onResult: (index, { singularValues }) => {
            accept(index, singularValues);
          },
          onUnsupported: accept,
        },
      );
      if (!(await analysis.isUnchanged(batch.flatMap(({ left, right }) => [left.view, right.view])))) {
        throw new Error(
          t("{0} changed on disk while its products were computed.", basename(analysis.changedFile ?? "")),
        );
      }
      for (const [index, view] of batch.entries()) {
        // What noise gives takes a few milliseconds where a shape is new.
        await setImmediate();
        results.set(view, resultOf(view, measured.get(index) ?? t("Nothing came back."), scaleOf(view)));
      }
    }
  }
  return views.map((view) => results.get(view)!);
}

/** What products of one batch have in common. */
function likeness({ left, right }: ProductView): string {
  return [left, right]
    .map(({ view, shared }) =>
      [view.rows, view.columns, view.tensor.dtype, view.quantisation === undefined, shared].join(" "),
    )
    .join(" ");
}

function sourceOf(analysis: CheckpointAnalysis, { left, right }: ProductView): ProductSource {
  return {
    left: { source: analysis.source(left.view), shared: left.shared },
    right: { source: analysis.source(right.view), shared: right.shared },
  };
}

/** The factor of each update, from the config or from the tensor that kohya's adapters keep α in. */
async function scales(
  { checkpoint }: CheckpointAnalysis,
  views: readonly ProductView[],
): Promise<(view: ProductView) => AdapterScale | null> {
  const config = adapterConfig(checkpoint.config);
  const tensors = new Map(checkpoint.tensors.map((tensor) => [tensor.name, tensor]));
  const own = new Map<ProductView, AdapterScale>();
  for (const view of views) {
    const tensor = view.kind === "update" ? tensors.get(`${view.module}.alpha`) : undefined;
    const alpha = tensor === undefined ? null : await readScalar(checkpoint.files[tensor.file]!.path, tensor);
    if (alpha !== null && Number.isFinite(alpha)) {
      own.set(view, { alpha, scale: alpha / view.rank, stabilised: false });
    }
  }
  return (view) => own.get(view) ?? (view.kind === "update" ? config.scaleOf(view.module, view.rank) : null);
}

function resultOf(view: ProductView, measured: Float64Array | string, scale: AdapterScale | null): ProductResult {
  const { kind, module, role, description, head, keyHead, rows, columns, rank } = view;
  const { layer, expert, block } = description;
  const shape = { rows, columns, rank };
  const facts = {
    ...{ kind, module, role, block, layer, expert, head, keyHead, rows, columns, rank },
    alpha: scale?.alpha ?? null,
    scale: scale?.scale ?? null,
  };
  if (typeof measured === "string") {
    const verdict = { grade: "unsupported", pValue: null, reason: measured, tests: [] } as const;
    return { ...facts, singularValues: [], metrics: noMetrics(), noise: noMetrics(), verdict };
  }
  const values = measured.map((value) => value * Math.abs(scale?.scale ?? 1));
  const metrics = productMetrics(values, shape);
  return {
    ...facts,
    singularValues: [...values],
    metrics,
    noise: productNoiseMetrics(shape, metrics.frobeniusNorm),
    verdict: productVerdict(values, shape, wordsOf(view, scale)),
  };
}

function wordsOf({ kind, rank, head, keyHead }: ProductView, scale: AdapterScale | null): string {
  if (kind === "attention") return t("W_QᵀW_K of query head {0} and key head {1}", head ?? 0, keyHead ?? 0);
  if (scale === null) return t("B·A of rank {0}, α unknown", rank);
  const { alpha, stabilised } = scale;
  return `ΔW = (${formatSignificant(alpha)}/${stabilised ? "√" : ""}${rank})·B·A`;
}
