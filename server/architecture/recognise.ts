import { atOnce, forEachSliced, type Sliced } from "../collections/sliced.ts";
import type { Checkpoint, Tensor } from "../checkpoint/checkpoint.ts";
import type { Architecture, MatrixView, TensorDescription } from "./architecture.ts";
import { tableStates } from "./auxiliaries.ts";
import { customRole, type RoleRule } from "./custom-roles.ts";
import { matrixShape, matrixViews } from "./matrices.ts";
import { chooseFamily, describePattern, roleOf, type NamePattern } from "./name-pattern.ts";
import type { Auxiliaries, PackingContext } from "./packing.ts";
import {
  auxiliaryLink,
  endsAsAuxiliary,
  readingOf,
  whereSound,
  type AuxiliaryLink,
  type Reading,
} from "./quantisation.ts";
import { stacksInputsFirst } from "./families.ts";
import { takeNumbers } from "./tensor-name.ts";

/**
 * What the names, the shapes and the config of a checkpoint say: the role of each tensor, and the matrices to analyse.
 * @param rules a person's own, which come before the tables
 * @param texts of the tensors that {@link isText} names
 */
export function recognise(
  checkpoint: Checkpoint,
  rules: readonly RoleRule[] = [],
  texts: ReadonlyMap<string, string> = new Map(),
): Architecture {
  return atOnce(recognising(checkpoint, rules, texts));
}

/** As {@link recognise}, in slices. */
export function* recognising(
  checkpoint: Checkpoint,
  rules: readonly RoleRule[] = [],
  texts: ReadonlyMap<string, string> = new Map(),
): Sliced<Architecture> {
  const { tensors } = checkpoint;
  const patternsFound = new Set<string>();
  yield* forEachSliced(tensors, ({ name }) => {
    patternsFound.add(takeNumbers(name).pattern);
  });
  const patternNames = [...patternsFound];
  const family = chooseFamily(patternNames, checkpoint.config);
  const patterns = new Map<string, NamePattern>();
  for (const pattern of patternNames) patterns.set(pattern, describePattern(pattern, family));

  // Few checkpoints have names that lead to others.
  let tensorNames: ReadonlySet<string> | null = null;
  const isTensor = (name: string): boolean => (tensorNames ??= new Set(tensors.map((tensor) => tensor.name))).has(name);
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

  const config = quantisationConfig(checkpoint.config);
  const inputsFirst = stacksInputsFirst(family);
  const textOf = ({ name }: Tensor): string | null => texts.get(name) ?? null;
  const descriptions: TensorDescription[] = [];
  const matrices: MatrixView[] = [];
  yield* forEachSliced(tensors, (tensor) => {
    // Found again rather than kept: that is quicker than holding it for a hundred thousand names.
    const { numbers, ends, pattern: patternName } = takeNumbers(tensor.name);
    const pattern = patterns.get(patternName)!;
    const link = links.get(tensor) ?? null;
    const isWeight = link === null && !pattern.isBuffer;
    const auxiliaries = auxiliariesOf.get(tensor.name) ?? noAuxiliaries;
    const reading: Reading = isWeight
      ? readingOf({ weight: tensor, auxiliaries, config, inputsFirst, textOf })
      : { packing: null };
    const packing = "packing" in reading ? reading.packing : null;
    const shape = packing?.shape ?? ("unsupported" in reading ? packedShape(tensor) : tensor.shape);
    const role = isWeight ? (customRole(tensor.name, rules) ?? roleOf(pattern, shape)) : "other";
    const matrix = isWeight ? matrixShape(tensor.name, shape, role) : null;
    // Vectors are shown as they are.
    const quantisations =
      matrix === null || packing === null
        ? null
        : whereSound(() => Array.from({ length: matrix.slices }, (_, slice) => packing.quantisation(matrix, slice)));
    const unsound = [reading, quantisations].find((each) => each !== null && "unsupported" in each);
    // What is only narrow is what its dtype says.
    const isPacked = matrix !== null && packing !== null && packing.format !== tensor.dtype && unsound === undefined;
    const description: TensorDescription = {
      role,
      block: tensor.name.slice(0, ends[pattern.blockNumber] ?? 0),
      layer: numbers[pattern.blockNumber] ?? null,
      expert: numbers[pattern.expertNumber] ?? null,
      auxiliaryOf: link?.weight ?? null,
      packed: isPacked ? { format: packing.format, shape: packing.shape, outputsFirst: packing.outputsFirst } : null,
      unsupported: matrix !== null && unsound !== undefined && "unsupported" in unsound ? unsound.unsupported : null,
    };
    descriptions.push(description);
    if (matrix !== null) {
      const own = Array.isArray(quantisations) ? quantisations : null;
      matrices.push(...matrixViews(tensor, description, matrix, own, isTensor));
    }
  });
  return { family: family?.name ?? null, descriptions, matrices };
}

/** Whether a tensor holds text that {@link recognise} reads. */
export function isText(name: string): boolean {
  return tableStates.some((suffix) => name.endsWith(suffix));
}

const noAuxiliaries: Auxiliaries = new Map();

/** The shape of a weight that cannot be read; MXFP4 packs a row of a matrix into two dimensions more. */
function packedShape({ name, shape }: Tensor): readonly number[] {
  return name.endsWith("_blocks") && shape.length > 2
    ? [shape.slice(0, -1).reduce((a, b) => a * b, 1), shape.at(-1)!]
    : shape;
}

/** What the config says of quantisation. */
function quantisationConfig(config: Checkpoint["config"]): PackingContext["config"] {
  const own = config?.["quantization_config"];
  return typeof own === "object" && own !== null && !Array.isArray(own) ? (own as PackingContext["config"]) : {};
}
