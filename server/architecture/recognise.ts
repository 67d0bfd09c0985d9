import type { Checkpoint, Tensor } from "../checkpoint/checkpoint.ts";
import type { Architecture, MatrixView, TensorDescription } from "./architecture.ts";
import { customRole, type RoleRule } from "./custom-roles.ts";
import { matrixShape, matrixViews, type MatrixShape } from "./matrices.ts";
import { chooseFamily, describePattern, roleOf, type NamePattern } from "./name-pattern.ts";
import { auxiliaryLink, whyUnsupported, type Auxiliaries } from "./quantisation.ts";
import type { Role } from "./role.ts";
import { takeNumbers } from "./tensor-name.ts";

/**
 * What the names, the shapes and the config of a checkpoint say: the role of each tensor, and the matrices to analyse.
 * @param rules a person's own, which come before the tables
 */
export function recognise(checkpoint: Checkpoint, rules: readonly RoleRule[] = []): Architecture {
  const names = checkpoint.tensors.map(({ name }) => takeNumbers(name));
  const patternNames = [...new Set(names.map(({ pattern }) => pattern))];
  const family = chooseFamily(patternNames, checkpoint.config);
  const patterns = new Map<string, NamePattern>();
  for (const pattern of patternNames) patterns.set(pattern, describePattern(pattern, family));

  const tensorNames = new Set(checkpoint.tensors.map(({ name }) => name));
  const isTensor = (name: string): boolean => tensorNames.has(name);
  const links = checkpoint.tensors.map(({ name }) => auxiliaryLink(name, isTensor));
  const auxiliariesOf = new Map<string, Map<string, Tensor>>();
  links.forEach((link, i) => {
    if (link === null) return;
    const auxiliaries = auxiliariesOf.get(link.weight) ?? new Map<string, Tensor>();
    auxiliariesOf.set(link.weight, auxiliaries.set(link.suffix, checkpoint.tensors[i]!));
  });

  const descriptions: TensorDescription[] = [];
  const matrices: MatrixView[] = [];
  checkpoint.tensors.forEach((tensor, i) => {
    const { numbers, ends, pattern: patternName } = names[i]!;
    const pattern = patterns.get(patternName)!;
    const isWeight = links[i] === null && !pattern.isBuffer;
    const role = isWeight ? (customRole(tensor.name, rules) ?? roleOf(pattern, tensor.shape)) : "other";
    const reason = isWeight ? whyUnsupported(tensor, auxiliariesOf.get(tensor.name) ?? noAuxiliaries) : null;
    const matrix = isWeight ? matrixOf(tensor, role, reason) : null;
    const description: TensorDescription = {
      role,
      block: tensor.name.slice(0, ends[pattern.blockNumber] ?? 0),
      layer: numbers[pattern.blockNumber] ?? null,
      expert: numbers[pattern.expertNumber] ?? null,
      auxiliaryOf: links[i]?.weight ?? null,
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
