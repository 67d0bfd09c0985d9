import { metricKeys, type MetricKey, type Metrics } from "../spectrum/metrics.ts";

const width = metricKeys.length;

/**
 * The metrics of every matrix of a checkpoint beside their noise values, for views of many matrices at once. Typed
 * arrays, so that 100 000 matrices cost the heap nothing.
 */
export class MetricTable {
  #matrices: number;
  /** Made as long as they have to be when the first value comes. */
  #metrics = new Float64Array();
  #noise = new Float64Array();

  /** @param matrices how many there are; none has a value yet */
  constructor(matrices: number) {
    this.#matrices = matrices;
  }

  /** Makes room for more matrices after those it has; none of them has a value yet. */
  grow(matrices: number): void {
    this.#matrices += matrices;
  }

  /** Notes what is known of the matrix at a position. */
  set(position: number, metrics: Metrics, noise: Metrics): void {
    if (this.#metrics.length < this.#matrices * width) {
      this.#metrics = longer(this.#metrics, this.#matrices * width);
      this.#noise = longer(this.#noise, this.#matrices * width);
    }
    metricKeys.forEach((key, column) => {
      this.#metrics[position * width + column] = metrics[key] ?? NaN;
      this.#noise[position * width + column] = noise[key] ?? NaN;
    });
  }

  /** One metric of one matrix and what noise of its shape would give; NaN for what does not exist or is not known. */
  get(position: number, key: MetricKey): { readonly value: number; readonly noise: number } {
    const at = position * width + metricKeys.indexOf(key);
    return { value: this.#metrics[at] ?? NaN, noise: this.#noise[at] ?? NaN };
  }

  /** One metric of the matrices at some positions, and what noise of their shapes would give. */
  column(key: MetricKey, positions: Uint32Array): { readonly values: Float32Array; readonly noise: Float32Array } {
    const offset = metricKeys.indexOf(key);
    const of = (numbers: Float64Array): Float32Array =>
      Float32Array.from(positions, (position) => numbers[position * width + offset] ?? NaN);
    return { values: of(this.#metrics), noise: of(this.#noise) };
  }

  /** All metrics of one matrix and what noise of its shape would give; null for what does not exist or is not known. */
  row(position: number): { readonly metrics: Metrics; readonly noise: Metrics } {
    const part = (numbers: Float64Array): Metrics =>
      Object.fromEntries(
        metricKeys.map((key, column) => {
          const value = numbers[position * width + column] ?? NaN;
          return [key, Number.isNaN(value) ? null : value];
        }),
      ) as Record<MetricKey, number | null>;
    return { metrics: part(this.#metrics), noise: part(this.#noise) };
  }
}

function longer(numbers: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(length).fill(NaN, numbers.length);
  result.set(numbers);
  return result;
}
