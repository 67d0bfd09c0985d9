import { atOnce, forEachSliced, type Sliced } from "../collections/sliced.ts";
import type { Checkpoint, Tensor } from "../checkpoint/checkpoint.ts";
import type { Architecture, MatrixView, TensorDescription } from "./architecture.ts";
import { customRole, type RoleRule } from "./custom-roles.ts";
import { matrixShape, matrixViews, type MatrixShape } from "./matrices.ts";
import { chooseFamily, describePattern, roleOf, type NamePattern } from "./name-pattern.ts";
import {
  auxiliaryLink,
  endsAsAuxiliary,
  whyUnsupported,
  type Auxiliaries,
  type AuxiliaryLink,
} from "./quantisation.ts";
import type { Role } from "./role.ts";
import { takeNumbers } from "./tensor-name.ts";

/**
 * What the names, the shapes and the config of a checkpoint say: the role of each tensor, and the matrices to analyse.
 * @param rules a person's own, which come before the tables
 */
export function recognise(checkpoint: Checkpoint, rules: readonly RoleRule[] = []): Architecture {
  return atOnce(recognising(checkpoint, rules));
}

/** As {@link recognise}, in slices. */
export function* recognising(checkpoint: Checkpoint, rules: readonly RoleRule[] = []): Sliced<Architecture> {
  const { tensors } = checkpoint;
  const tensorNames = new Set<string>();
  const patternsFound = new Set<string>();
  yield* forEachSliced(tensors, ({ name }) => {
    tensorNames.add(name);
    patternsFound.add(takeNumbers(name).pattern);
  });
  const patternNames = [...patternsFound];
  const family = chooseFamily(patternNames, checkpoint.config);
  const patterns = new Map<string, NamePattern>();
  for (const pattern of patternNames) patterns.set(pattern, describePattern(pattern, family));

  const isTensor = (name: string): boolean => tensorNames.has(name);
  const links = new Map<Tensor, AuxiliaryLink>();
  const auxiliariesOf = new Map<string, Map<string, Tensor>>();
  // No name ends like an auxiliary's where no pattern does.
  if (patternNames.some(endsAsAuxiliary)) {
    yield* forEachSliced(tensors, (tensor) => {
      const link = auxiliaryLink(tensor.name, isTensor);
      if (link === null) return;
      links.set(tensor, link);
      const auxiliaries = auxiliariesOf.get(link.weight) ?? new Map<string, Tensor>();
      auxiliariesOf.set(link.weight, auxiliaries.set(link.suffix, tensor));
    });
  }

  const descriptions: TensorDescription[] = [];
  const matrices: MatrixView[] = [];
  yield* forEachSliced(tensors, (tensor) => {
    // Found again rather than kept: that is quicker than holding it for a hundred thousand names.
    const { numbers, ends, pattern: patternName } = takeNumbers(tensor.name);
    const pattern = patterns.get(patternName)!;
    const link = links.get(tensor) ?? null;
    const isWeight = link === null && !pattern.isBuffer;
    const role = isWeight ? (customRole(tensor.name, rules) ?? roleOf(pattern, tensor.shape)) : "other";
    const reason = isWeight ? whyUnsupported(tensor, auxiliariesOf.get(tensor.name) ?? noAuxiliaries) : null;
    const matrix = isWeight ? matrixOf(tensor, role, reason) : null;
    const description: TensorDescription = {
      role,
      block: tensor.name.slice(0, ends[pattern.blockNumber] ?? 0),
      layer: numbers[pattern.blockNumber] ?? null,
      expert: numbers[pattern.expertNumber] ?? null,
      auxiliaryOf: link?.weight ?? null,
      unsupported: matrix === null ? null : reason,
    };
    descriptions.push(description);
    if (matrix !== null) matrices.push(...matrixViews(tensor, description, matrix, isTensor));
  });
  return { family: family?.name ?? null, descriptions, matrices };
}

const noAuxiliaries: Auxiliaries = new Map();

/** The matrices in a tensor that is a weight. */
function matrixOf({ name, shape }: Tensor, role: Role, unsupported: string | null): MatrixShape | null {
  // MXFP4 packs a row of a matrix into two dimensions more; it is one thing to call unsupported.
  if (unsupported !== null && name.endsWith("_blocks") && shape.length > 2) {
    return matrixShape(name, [shape.slice(0, -1).reduce((a, b) => a * b, 1), shape.at(-1)!], role);
  }
  return matrixShape(name, shape, role);
}
