/** A Python program that reads matrices from their files and draws what the editor shows of them. */
import type { Dtype } from "../checkpoint/dtype.ts";

/** A matrix by the place of its entries in a tensor. */
export interface SnippetMatrix {
  /** What it is called in the figure. Untrusted text, as are the path and the name. */
  readonly label: string;
  readonly path: string;
  readonly tensor: string;
  readonly dtype: Dtype;
  /** The tensor seen as rows of so many entries; the matrix is a block of it. */
  readonly pitch: number;
  readonly firstRow: number;
  readonly firstColumn: number;
  readonly rows: number;
  readonly columns: number;
  /** Rows of the whole tensor, seen so. */
  readonly allRows: number;
}

/** How NumPy calls what it can read; the rest takes a decoder. */
const numpyTypes: Readonly<Partial<Record<Dtype, string>>> = {
  F64: "<f8",
  F32: "<f4",
  F16: "<f2",
  I64: "<i8",
  I32: "<i4",
  I16: "<i2",
  I8: "i1",
  U64: "<u8",
  U32: "<u4",
  U16: "<u2",
  U8: "u1",
  BOOL: "?",
};

/** NumPy has no such numbers; PyTorch does. */
const torchTypes: Readonly<Partial<Record<Dtype, string>>> = {
  F8_E4M3: "float8_e4m3fn",
  F8_E5M2: "float8_e5m2",
  F8_E4M3FNUZ: "float8_e4m3fnuz",
  F8_E5M2FNUZ: "float8_e5m2fnuz",
};

/** Whether a program can read entries of this dtype. */
export function isReadable(dtype: Dtype): boolean {
  return dtype === "BF16" || numpyTypes[dtype] !== undefined || torchTypes[dtype] !== undefined;
}

/**
 * The program: of one matrix its histogram with the Marchenko–Pastur curve, its values and the energy they hold together, of
 * several their values and energies laid over each other. It needs NumPy and Matplotlib, and PyTorch for dtypes that NumPy does not know.
 * @param matrices at least one, each {@link isReadable}
 */
export function pythonSnippet(matrices: readonly SnippetMatrix[]): string {
  const [first] = matrices;
  if (first === undefined) throw new Error("a program needs a matrix");
  const dtypes = new Set(matrices.map(({ dtype }) => dtype));
  const torch = [...dtypes].some((dtype) => torchTypes[dtype] !== undefined);
  const head = [
    "import json",
    "",
    "import matplotlib.pyplot as plt",
    "import numpy as np",
    ...(torch ? ["import torch"] : []),
    "",
    "",
    ...reader(dtypes),
    "",
    "",
  ];
  return `${[...head, ...(matrices.length === 1 ? oneMatrix(first) : severalMatrices(matrices))].join("\n")}\n`;
}

function reader(dtypes: ReadonlySet<Dtype>): string[] {
  const decoders = [...dtypes].map(
    (dtype) => `    if info["dtype"] == "${dtype}":\n        values = ${decoder(dtype)}`,
  );
  return [
    "def read(path, name):",
    '    """A tensor of a safetensors file, in double precision."""',
    '    with open(path, "rb") as file:',
    '        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))',
    "        info = header[name]",
    '        begin, end = info["data_offsets"]',
    "        file.seek(begin, 1)",
    "        data = file.read(end - begin)",
    ...decoders,
    "    return values.astype(np.float64)",
  ];
}

function decoder(dtype: Dtype): string {
  // The upper half of a float32.
  if (dtype === "BF16") return '(np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")';
  const torch = torchTypes[dtype];
  return torch === undefined
    ? `np.frombuffer(data, "${numpyTypes[dtype] ?? ""}")`
    : `torch.frombuffer(bytearray(data), dtype=torch.${torch}).float().numpy()`;
}

const energyLabels = 'xlabel="directions, strongest first", ylabel="share of the energy"';

function oneMatrix(matrix: SnippetMatrix): string[] {
  return [
    `path = ${quoted(matrix.path)}`,
    `name = ${quoted(matrix.tensor)}`,
    `weights = read(path, name)${block(matrix)}`,
    "s = np.linalg.svd(weights, compute_uv=False)",
    "",
    "# Noise of the same bulk: the Marchenko-Pastur law of singular values s = t * unit.",
    "m, n = sorted(weights.shape)",
    "y = m / n",
    "t = np.linspace(1 - np.sqrt(y), 1 + np.sqrt(y), 20001)[1:-1]",
    "density = np.sqrt(((1 + np.sqrt(y)) ** 2 - t**2) * (t**2 - (1 - np.sqrt(y)) ** 2)) / (np.pi * y * t)",
    "median = t[np.searchsorted(np.cumsum(density), density.sum() / 2)]",
    "unit = np.median(s) / median",
    "lower, upper = unit * (1 - np.sqrt(y)), unit * (1 + np.sqrt(y))",
    "",
    "p = s**2 / np.sum(s**2)",
    "p = p[p > 0]",
    'print(f"{m} singular values from {s[0]:.4g} to {s[-1]:.4g}")',
    'print(f"sigma of the bulk {unit / np.sqrt(n):.4g}, edges {lower:.4g} and {upper:.4g}, {np.sum(s > upper)} above")',
    'print(f"effective rank {np.exp(-np.sum(p * np.log(p))):.4g}")',
    "",
    "figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4))",
    `figure.suptitle(${quoted(matrix.label)})`,
    "_, edges, _ = left.hist(s, bins=min(240, max(24, m // 4)))",
    'left.plot(t * unit, m * (edges[1] - edges[0]) / unit * density, color="black")',
    "for edge in (lower, upper):",
    '    left.axvline(edge, color="gray", linestyle="--")',
    'left.set(xlabel="singular value", ylabel="count")',
    "middle.semilogy(np.arange(1, m + 1), s)",
    'middle.set(xlabel="index", ylabel="singular value")',
    "right.plot(np.arange(1, m + 1), np.cumsum(s**2) / np.sum(s**2))",
    `right.set(${energyLabels})`,
    "plt.show()",
  ];
}

function severalMatrices(matrices: readonly SnippetMatrix[]): string[] {
  const line = (matrix: SnippetMatrix): string =>
    `    (${quoted(matrix.label)}, read(${quoted(matrix.path)}, ${quoted(matrix.tensor)})${block(matrix)}),`;
  return [
    "matrices = [",
    ...matrices.map(line),
    "]",
    "spectra = {label: np.linalg.svd(weights, compute_uv=False) for label, weights in matrices}",
    "figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))",
    "for label, s in spectra.items():",
    "    p = s**2 / np.sum(s**2)",
    "    p = p[p > 0]",
    '    print(f"{label}: effective rank {np.exp(-np.sum(p * np.log(p))):.4g}")',
    "    left.semilogy(np.arange(1, len(s) + 1), s, label=label)",
    "    right.plot(np.arange(1, len(s) + 1), np.cumsum(s**2) / np.sum(s**2), label=label)",
    'left.set(xlabel="index", ylabel="singular value")',
    `right.set(${energyLabels})`,
    "left.legend()",
    "plt.show()",
  ];
}

/** Where the matrix lies in its tensor. */
function block({ pitch, firstRow, firstColumn, rows, columns, allRows }: SnippetMatrix): string {
  const seen = `.reshape(-1, ${pitch})`;
  const across = columns === pitch ? "" : `, ${firstColumn}:${firstColumn + columns}`;
  if (rows === allRows) return across === "" ? seen : `${seen}[:${across}]`;
  return `${seen}[${firstRow}:${firstRow + rows}${across}]`;
}

/** A Python string literal of any text: letters and numbers as they are, everything else that is not ASCII escaped. */
export function quoted(text: string): string {
  const escaped = text.replace(/["\\]|[^ -~\p{L}\p{N}]/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    const code = character.codePointAt(0)!;
    const hex = code.toString(16);
    return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}
