/** The verdict on a measurement, by the same steps as in the product. */
import { spectrumMetrics } from "../../server/spectrum/compute-metrics.ts";
import { decideVerdict, type VerdictContext } from "../../server/spectrum/decide.ts";
import { noiseMetrics } from "../../server/spectrum/noise-metrics.ts";
import { noiseTests } from "../../server/spectrum/noise-tests.ts";
import type { Shape } from "../../server/spectrum/shape.ts";
import { defaultThresholds, type Thresholds } from "../../server/spectrum/thresholds.ts";
import type { Verdict } from "../../server/spectrum/verdict.ts";
import type { Measurement } from "../../server/svd/measurement.ts";

/** @param context what is known from elsewhere; nothing where left out */
export function verdictOf(
  measurement: Measurement,
  shape: Shape,
  context: Partial<VerdictContext> = {},
  thresholds: Partial<Thresholds> = {},
): Verdict {
  const { entries, singularValues } = measurement;
  const metrics = spectrumMetrics(singularValues, shape, entries);
  return decideVerdict({
    shape,
    entries,
    singularValues,
    metrics,
    noise: noiseMetrics(shape, metrics.sigmaEntries),
    tests: noiseTests(measurement, shape),
    context: { unsupported: null, duplicateOf: null, configInitialiser: null, ...context },
    thresholds: { ...defaultThresholds, ...thresholds },
  });
}
