import type { VectorLocalisation, VectorsDetail } from "../protocol.ts";
import { meanLocalisation, noiseLocalisation } from "../spectrum/localisation.ts";
import type { Shape } from "../spectrum/shape.ts";
import { noiseRandomness, vectorRandomness } from "../spectrum/vector-randomness.ts";
import { kolmogorovPValue } from "../statistics/kolmogorov.ts";
import type { VectorMeasurement } from "../worker-protocol.ts";

/** What is shown of a matrix's singular vectors, beside what noise gives. */
export function vectorsDetail({ rows, columns }: Shape, vectors: VectorMeasurement | null): VectorsDetail {
  const of = (key: keyof VectorMeasurement): Float32Array => vectors?.[key] ?? new Float32Array();
  const pValues = (statistics: Float32Array): (number | null)[] =>
    rounded(Float64Array.from(statistics, (each) => (Number.isNaN(each) ? NaN : kolmogorovPValue(each))));
  const localisation = (largest: Float32Array, inverseParticipation: Float32Array): VectorLocalisation => ({
    mean: meanLocalisation(largest, inverseParticipation),
    largest: rounded(largest),
    inverseParticipation: rounded(inverseParticipation),
  });
  return {
    left: vectorRandomness(of("left")),
    right: vectorRandomness(of("right")),
    // Left vectors are as long as a column.
    noise: { left: noiseRandomness(rows), right: noiseRandomness(columns) },
    pValues: { left: pValues(of("left")), right: pValues(of("right")) },
    localisation: {
      left: localisation(of("leftLargest"), of("leftParticipation")),
      right: localisation(of("rightLargest"), of("rightParticipation")),
      noise: { left: noiseLocalisation(rows), right: noiseLocalisation(columns) },
    },
  };
}

/** As many digits as fp32 has; null for what does not exist. */
function rounded(values: Float32Array | Float64Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : Number(value.toPrecision(6))));
}
