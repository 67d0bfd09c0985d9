import { closeSync, openSync, writeSync } from "node:fs";
import { seededRandom } from "../../server/statistics/random.ts";
import { singularValues } from "../support/svd.ts";

/** A matrix of a {@link SmallMatrices}. */
interface Place {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Its first entry among all. */
  readonly first: number;
}

/** Entries of noise, of which the file is filled again and again: a prime, so that no two matrices begin at the same one. */
const period = 4_198_409;
/** Of one expert: many matrices that are small, tall, wide and square. */
const kinds = [
  { name: "up_proj", rows: 4096, columns: 16 },
  { name: "down_proj", rows: 16, columns: 4096 },
  { name: "gate_proj", rows: 96, columns: 64 },
] as const;
const experts = 64;

/** A checkpoint of many small matrices in F32, normal noise throughout, whose singular values can be computed one by one. */
export class SmallMatrices {
  readonly places: readonly Place[];
  readonly bytes: number;
  readonly #noise: Float32Array;

  /** @param bytes of data, about */
  constructor(bytes: number) {
    const { normal } = seededRandom(7);
    this.#noise = Float32Array.from({ length: period }, () => 0.02 * normal());
    const places: Place[] = [];
    let first = 0;
    for (let index = 0; 4 * first < bytes; index++) {
      const { name, rows, columns } = kinds[index % kinds.length]!;
      const expert = Math.floor(index / kinds.length);
      const layer = Math.floor(expert / experts);
      places.push({
        name: `model.layers.${layer}.mlp.experts.${expert % experts}.${name}.weight`,
        ...{ rows, columns, first },
      });
      first += rows * columns;
    }
    this.places = places;
    this.bytes = 4 * first;
  }

  write(path: string): void {
    const entries = this.places.map(({ name, rows, columns, first }) => {
      return [name, { dtype: "F32", shape: [rows, columns], data_offsets: [4 * first, 4 * (first + rows * columns)] }];
    });
    const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const noise = Buffer.from(this.#noise.buffer);
    const file = openSync(path, "w");
    try {
      writeSync(file, length);
      writeSync(file, header);
      for (let done = 0; done < this.bytes;) {
        const begin = done % noise.length;
        done += writeSync(file, noise, begin, Math.min(noise.length - begin, this.bytes - done));
      }
    } finally {
      closeSync(file);
    }
  }

  /** In float64, descending. */
  singularValues({ rows, columns, first }: Place): Float64Array {
    const entries = Float64Array.from({ length: rows * columns }, (_, i) => this.#noise[(first + i) % period]!);
    return singularValues(entries, rows, columns);
  }
}
