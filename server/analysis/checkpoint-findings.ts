/** Findings that only show when matrices are compared with each other, made once all of them are judged. */
import { decimal, t } from "../text/l10n.ts";
import type { MetricKey } from "../spectrum/metrics.ts";
import type { Severity } from "../protocol.ts";
import { gradeLabel } from "../spectrum/grade-label.ts";
import type { Grade } from "../spectrum/verdict.ts";
import { shortened } from "../text/format.ts";
import type { JudgedMatrix } from "./summary.ts";

export interface CheckpointFinding {
  readonly code: "random-expert" | "unlike-neighbours";
  /** The tensor that it is shown on. */
  readonly tensor: string;
  readonly message: string;
}

export const checkpointFindingSeverities: Readonly<Record<CheckpointFinding["code"], Severity>> = {
  "random-expert": "warning",
  "unlike-neighbours": "information",
};

export function checkpointFindings(matrices: readonly JudgedMatrix[]): CheckpointFinding[] {
  return [...randomExperts(matrices), ...unlikeNeighbours(matrices)];
}

const untrained: ReadonlySet<Grade> = new Set<Grade>(["random", "near-random", "zero", "constant"]);
const trained: ReadonlySet<Grade> = new Set<Grade>(["learned", "partly-learned"]);

/** Experts all of whose matrices are untrained, in a block most of whose experts are trained. */
function randomExperts(matrices: readonly JudgedMatrix[]): CheckpointFinding[] {
  const found: CheckpointFinding[] = [];
  for (const [block, members] of groupBy(matrices, (matrix) => (matrix.expert === null ? null : matrix.block))) {
    const experts = groupBy(members, ({ expert }) => expert);
    const count = (grades: ReadonlySet<Grade>): number =>
      [...experts.values()].filter((parts) => parts.every(({ grade }) => grades.has(grade))).length;
    const learned = count(trained);
    if (experts.size < 4 || learned < 0.75 * experts.size) continue;
    for (const [expert, parts] of experts) {
      if (!parts.every(({ grade }) => untrained.has(grade))) continue;
      found.push({
        code: "random-expert",
        tensor: parts[0]!.tensor,
        message:
          block === ""
            ? t(
                "Expert {0} is untrained throughout ({1}), while {2} of its {3} experts are learned.",
                expert,
                describeParts(parts),
                learned,
                experts.size,
              )
            : t(
                "Expert {0} of {1} is untrained throughout ({2}), while {3} of its {4} experts are learned.",
                expert,
                shortened(block),
                describeParts(parts),
                learned,
                experts.size,
              ),
      });
    }
  }
  return found;
}

function describeParts(parts: readonly JudgedMatrix[]): string {
  return parts.map(({ role, grade }) => `${role} ${gradeLabel(grade)}`).join(", ");
}

interface ComparedMetric {
  readonly key: MetricKey;
  /** That it is so many times as large in most of a block's matrices as in the blocks beside it. */
  readonly larger: (block: string, far: number, all: number, times: string) => string;
  /** That it is so many times smaller. */
  readonly smaller: ComparedMetric["larger"];
}

/** What blocks are compared in: how concentrated a spectrum is, whatever its scale, and the scale. */
const compared: readonly ComparedMetric[] = [
  {
    key: "effectiveRank",
    larger: (...values) =>
      t(
        "{0} is unlike the blocks beside it: in {1} of its {2} matrices the effective rank is about {3} times theirs.",
        ...values,
      ),
    smaller: (...values) =>
      t(
        "{0} is unlike the blocks beside it: in {1} of its {2} matrices the effective rank is about 1/{3} of theirs.",
        ...values,
      ),
  },
  {
    key: "sigmaBulk",
    larger: (...values) =>
      t(
        "{0} is unlike the blocks beside it: in {1} of its {2} matrices the σ of the bulk is about {3} times theirs.",
        ...values,
      ),
    smaller: (...values) =>
      t(
        "{0} is unlike the blocks beside it: in {1} of its {2} matrices the σ of the bulk is about 1/{3} of theirs.",
        ...values,
      ),
  },
];

/** Fewer blocks have too few neighbours to say what is usual. */
const fewestBlocks = 6;
/** As far from the neighbours as this, as a factor and in robust standard deviations of all such distances. */
const leastFactor = 1.5;
const leastDeviations = 8;

/**
 * Blocks of which most matrices differ from the same matrices of the neighbouring blocks (two on each side) far more
 * than blocks of this checkpoint do. The first and the last block are never like the others, and are no finding.
 */
function unlikeNeighbours(matrices: readonly JudgedMatrix[]): CheckpointFinding[] {
  const inBlocks = matrices.filter(
    ({ layer, expert, grade }) => layer !== null && expert === null && !untrained.has(grade),
  );
  const found: CheckpointFinding[] = [];
  const told = new Set<string>();
  for (const { key, larger, smaller } of compared) {
    const votes = new Map<string, { readonly matrix: JudgedMatrix; readonly factor: number }[]>();
    const members = new Map<string, number>();
    for (const series of groupBy(inBlocks, kindOf).values()) {
      for (const { matrix, factor, isFar } of alongDepth(series, key)) {
        members.set(matrix.block, (members.get(matrix.block) ?? 0) + 1);
        if (isFar) votes.set(matrix.block, [...(votes.get(matrix.block) ?? []), { matrix, factor }]);
      }
    }
    for (const [block, far] of votes) {
      const all = members.get(block)!;
      if (far.length < 2 || far.length < 0.6 * all || told.has(block)) continue;
      told.add(block);
      const factors = far.map(({ factor }) => factor).sort((a, b) => a - b);
      const typical = factors[Math.floor(factors.length / 2)]!;
      const say = typical >= 1 ? larger : smaller;
      const times = decimal(Math.max(typical, 1 / typical).toPrecision(2));
      found.push({
        code: "unlike-neighbours",
        tensor: far[0]!.matrix.tensor,
        message: say(shortened(block), far.length, all, times),
      });
    }
  }
  return found;
}

/** The same matrix in every block: its name without the block's own path, and its shape. */
function kindOf({ block, id, rows, columns }: JudgedMatrix): string {
  return `${block.replace(/\d+/g, "*")}${id.slice(block.length)} ${rows}×${columns}`;
}

interface Comparison {
  readonly matrix: JudgedMatrix;
  /** Its value over the median of its neighbours'. */
  readonly factor: number;
  readonly isFar: boolean;
}

/** Compares each matrix between the first and the last block with its neighbours in depth. */
function alongDepth(series: readonly JudgedMatrix[], key: MetricKey): Comparison[] {
  const known = series
    .flatMap((matrix) => {
      const value = matrix.metrics[key];
      return value === null || !(value > 0) ? [] : [{ matrix, log: Math.log(value) }];
    })
    .sort((a, b) => a.matrix.layer! - b.matrix.layer!);
  if (known.length < fewestBlocks) return [];
  const distances = known.map(({ log }, i) => {
    const beside = known.filter((_, j) => j !== i && Math.abs(j - i) <= 2).map((each) => each.log);
    return log - median(beside);
  });
  const spread = 1.4826 * median(distances.map(Math.abs));
  return known.flatMap(({ matrix }, i) => {
    if (i === 0 || i === known.length - 1) return [];
    const distance = distances[i]!;
    const isFar = Math.abs(distance) >= Math.max(Math.log(leastFactor), leastDeviations * spread);
    return [{ matrix, factor: Math.exp(distance), isFar }];
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
}

function groupBy<Item, Key extends string | number>(
  items: readonly Item[],
  keyOf: (item: Item) => Key | null,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
