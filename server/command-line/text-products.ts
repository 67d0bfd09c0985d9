import type { ProductResult } from "../protocol.ts";
import { formatNumber, printable } from "../text/format.ts";

const columns = [
  ["RANK 90 %", "energy90"],
  ["EFF. RANK", "effectiveRank"],
  ["STABLE", "stableRank"],
  ["NORM", "spectralNorm"],
] as const;

/** The updates of an adapter, and attention's products, as a table each, with the effective rank of noise. */
export function productLines(products: readonly ProductResult[]): string[] {
  return [
    ...table(
      products.filter(({ kind }) => kind === "update"),
      "UPDATE ΔW",
      "α/r",
      ({ scale }) => (scale === null ? "unknown" : formatNumber(scale)),
    ),
    ...table(
      products.filter(({ kind }) => kind === "attention"),
      "W_QᵀW_K OF",
      "HEAD·KEY",
      ({ head, keyHead }) => `${head ?? 0}·${keyHead ?? 0}`,
    ),
  ];
}

function table(
  products: readonly ProductResult[],
  title: string,
  own: string,
  ownCell: (product: ProductResult) => string,
): string[] {
  if (products.length === 0) return [];
  const width = Math.min(64, Math.max(title.length, ...products.map(({ module }) => printable(module).length)));
  const line = (cells: readonly string[]): string => cells.join("  ").trimEnd();
  return [
    "",
    line([
      title.padEnd(width),
      "SHAPE".padStart(13),
      own.padStart(8),
      "RANK".padStart(5),
      "GRADE".padEnd(14),
      ...columns.map(([heading]) => heading.padStart(10)),
      "NOISE EFF.".padStart(10),
    ]),
    ...products.map((product) =>
      line([
        printable(product.module).padEnd(width),
        `${product.rows} × ${product.columns}`.padStart(13),
        ownCell(product).padStart(8),
        String(product.rank).padStart(5),
        product.verdict.grade.padEnd(14),
        ...columns.map(([, key]) => formatNumber(product.metrics[key]).padStart(10)),
        formatNumber(product.noise.effectiveRank).padStart(10),
      ]),
    ),
  ];
}
