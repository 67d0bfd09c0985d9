/** Matrices whose singular values are hard to get right, for the engine's accuracy tests. */
import { gaussianMatrix, normal, uniform } from "./random.ts";

export interface HardMatrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly entries: Float64Array;
}

export function hardMatrices(): HardMatrix[] {
  return [...shapes(), ...spectra(), ...zeros(), ...scales(), ...classics()];
}

function matrix(name: string, rows: number, columns: number, entry: (i: number, j: number) => number): HardMatrix {
  const entries = Float64Array.from({ length: rows * columns }, (_, k) => entry(Math.floor(k / columns), k % columns));
  return { name, rows, columns, entries };
}

function gaussian(rows: number, columns: number, sigma = 1): HardMatrix {
  return {
    name: `normal ${rows}×${columns}`,
    rows,
    columns,
    entries: gaussianMatrix(rows, columns, 7 * rows + columns, sigma),
  };
}

function shapes(): HardMatrix[] {
  const sizes: [number, number][] = [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [3, 2],
    [1, 1000],
    [1000, 1],
    [5, 64],
    [64, 5],
    [16, 17],
    [33, 31],
    [61, 127],
    [127, 61],
    [251, 241],
    [700, 150],
    [131, 509],
    [256, 256],
    [8, 4096],
    [20011, 3],
  ];
  return sizes.map(([rows, columns]) => gaussian(rows, columns));
}

/** U diag(values) Vᵀ with orthogonal U, V, so that the values are known but for rounding. */
function withValues(name: string, rows: number, columns: number, value: (i: number) => number): HardMatrix {
  const least = Math.min(rows, columns);
  const made = matrix(name, rows, columns, (i, j) => (i === j && i < least ? value(i) : 0));
  const random = normal(rows + 1000 * columns);
  for (let round = 0; round < 12; round++) {
    reflect(made, Float64Array.from({ length: rows }, random), "left");
    reflect(made, Float64Array.from({ length: columns }, random), "right");
  }
  return made;
}

/** A ← (I − 2vvᵀ/vᵀv) A, or A times that. */
function reflect({ rows, columns, entries }: HardMatrix, v: Float64Array, side: "left" | "right"): void {
  const norm = v.reduce((sum, x) => sum + x * x, 0);
  const [outer, inner] = side === "left" ? [columns, rows] : [rows, columns];
  const place = (o: number, i: number): number => (side === "left" ? i * columns + o : o * columns + i);
  for (let o = 0; o < outer; o++) {
    let product = 0;
    for (let i = 0; i < inner; i++) product += v[i]! * entries[place(o, i)]!;
    for (let i = 0; i < inner; i++) entries[place(o, i)]! -= ((2 * product) / norm) * v[i]!;
  }
}

function spectra(): HardMatrix[] {
  const random = uniform(5);
  return [
    withValues("graded over 7 decades 120×120", 120, 120, (i) => 10 ** ((-7 * i) / 119)),
    withValues("graded over 7 decades 90×150", 90, 150, (i) => 10 ** ((-7 * i) / 89)),
    withValues("graded over 20 decades 60×60", 60, 60, (i) => 10 ** ((-20 * i) / 59)),
    matrix("rows graded over 7 decades", 100, 80, (i) => 10 ** ((-7 * i) / 99) * (random() - 0.5)),
    matrix("rows graded upwards", 80, 100, (i) => 10 ** ((7 * i) / 79) * (random() - 0.5)),
    matrix("columns graded over 30 decades", 90, 90, (_, j) => 10 ** ((-30 * j) / 89) * (random() - 0.5)),
    withValues("graded over 7 decades 200×200", 200, 200, (i) => 10 ** ((-7 * i) / 199)),
    withValues("rank 60 of 180", 240, 180, (i) => (i < 60 ? 1 - i / 100 : 0)),
    withValues("two clusters", 128, 128, (i) => (i < 64 ? 1 + 1e-6 * random() : 1e-3 * (1 + 1e-6 * random()))),
    withValues("one large value", 100, 100, (i) => (i === 0 ? 1 : 1e-6)),
    withValues("one small value", 100, 100, (i) => (i === 99 ? 1e-7 : 1)),
    withValues("each value four times", 96, 130, (i) => 1 + Math.floor(i / 4)),
    withValues("orthogonal 128×128", 128, 128, () => 1),
    withValues("orthogonal 50×200", 50, 200, () => 3),
    withValues("spikes over a bulk", 150, 110, (i) => (i < 3 ? 100 * (3 - i) : 1 + random())),
    rankDeficient(),
  ];
}

/** Of rank 5 exactly: a product of small integers. */
function rankDeficient(): HardMatrix {
  const random = uniform(11);
  const digit = (): number => Math.floor(7 * random()) - 3;
  const left = Float64Array.from({ length: 100 * 5 }, digit);
  const right = Float64Array.from({ length: 5 * 80 }, digit);
  return matrix("rank 5 of 80", 100, 80, (i, j) => {
    let sum = 0;
    for (let k = 0; k < 5; k++) sum += left[i * 5 + k]! * right[k * 80 + j]!;
    return sum;
  });
}

function zeros(): HardMatrix[] {
  const random = normal(3);
  return [
    matrix("all zero 40×30", 40, 30, () => 0),
    matrix("all zero 1×1", 1, 1, () => 0),
    matrix("one entry", 50, 60, (i, j) => (i === 31 && j === 17 ? -5 : 0)),
    matrix("zero rows", 70, 50, (i) => (i % 3 === 0 ? 0 : random())),
    matrix("zero columns", 70, 50, (_, j) => (j % 4 === 0 ? 0 : random())),
    matrix("first column zero", 40, 40, (_, j) => (j === 0 ? 0 : random())),
    matrix("first row zero", 40, 40, (i) => (i === 0 ? 0 : random())),
    matrix("only the last corner", 60, 60, (i, j) => (i >= 50 && j >= 50 ? random() : 0)),
    matrix("constant", 97, 53, () => 0.1),
    matrix("rank one", 80, 80, (i, j) => Math.sin(i + 1) * Math.cos(j)),
  ];
}

function scales(): HardMatrix[] {
  return [1e-44, 1e-38, 1e-30, 1e-15, 1e15, 1e30, 1e37].map((sigma) => ({
    ...gaussian(60, 45, sigma),
    name: `normal times ${sigma}`,
  }));
}

function classics(): HardMatrix[] {
  const c = Math.cos(1.2);
  const s = Math.sin(1.2);
  return [
    matrix("identity", 100, 100, (i, j) => (i === j ? 1 : 0)),
    matrix("diagonal upwards", 90, 90, (i, j) => (i === j ? i + 1 : 0)),
    matrix("Hilbert 300×200", 300, 200, (i, j) => 1 / (i + j + 1)),
    matrix("Kahan 200×200", 200, 200, (i, j) => (i > j ? 0 : s ** i * (i === j ? 1 : -c))),
    matrix("Wilkinson 201×201", 201, 201, (i, j) => (i === j ? Math.abs(i - 100) : Math.abs(i - j) === 1 ? 1 : 0)),
    matrix("Toeplitz 1/(1 + |i − j|) 256×256", 256, 256, (i, j) => 1 / (1 + Math.abs(i - j))),
    matrix("zero rows and columns 211×197", 211, 197, (i, j) => (i % 5 === 0 || j % 7 === 0 ? 0 : Math.sin(i * j + i))),
    matrix("Hilbert", 100, 100, (i, j) => 1 / (i + j + 1)),
    matrix("Kahan", 100, 100, (i, j) => (i > j ? 0 : s ** i * (i === j ? 1 : -c))),
    matrix("Wilkinson", 101, 101, (i, j) => (i === j ? Math.abs(i - 50) : Math.abs(i - j) === 1 ? 1 : 0)),
    matrix("Toeplitz 1/(1 + |i − j|)", 128, 128, (i, j) => 1 / (1 + Math.abs(i - j))),
    matrix("Toeplitz triangular", 100, 100, (i, j) => (i <= j ? 1 : 0)),
    matrix("Läuchli", 61, 60, (i, j) => (i === 0 ? 1 : i - 1 === j ? 1e-6 : 0)),
    matrix("Vandermonde", 60, 30, (i, j) => (i / 60) ** j),
    matrix("Cauchy", 80, 70, (i, j) => 1 / (i - j + 0.3)),
    matrix("Hadamard", 64, 64, (i, j) => (parity(i & j) === 0 ? 1 : -1)),
    matrix("Frank", 24, 24, (i, j) => (j < i - 1 ? 0 : 24 - Math.max(i, j))),
    matrix("checkerboard", 50, 50, (i, j) => (i + j) % 2),
    matrix("Jordan block", 100, 100, (i, j) => (j - i === 1 ? 1 : i === j ? 1e-4 : 0)),
  ];
}

function parity(bits: number): number {
  let odd = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) odd ^= 1;
  return odd;
}
