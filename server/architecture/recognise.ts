import type { Checkpoint, Tensor } from "../checkpoint/checkpoint.ts";
import type { Architecture, MatrixView, TensorDescription } from "./architecture.ts";
import { buffers } from "./auxiliaries.ts";
import { commonModules, families, type Family, type RoleTable } from "./families.ts";
import { matrixShape, matrixViews, type MatrixShape } from "./matrices.ts";
import { auxiliaryLink, whyUnsupported, type Auxiliaries } from "./quantisation.ts";
import type { Role } from "./role.ts";
import { isNumber, parseTensorName, type TensorName } from "./tensor-name.ts";

/** What the names, the shapes and the config of a checkpoint say: the role of each tensor, and the matrices to analyse. */
export function recognise(checkpoint: Checkpoint): Architecture {
  const names = checkpoint.tensors.map(({ name }) => parseTensorName(name));
  const family = chooseFamily(names, checkpoint.config);
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
    const name = names[i]!;
    const isBuffer = buffers.has(tensor.name.slice(tensor.name.lastIndexOf(".") + 1));
    const isWeight = links[i] === null && !isBuffer;
    const place = placeOf(name, family);
    const role = isWeight ? roleOf(name, tensor.shape, place, family) : "other";
    const auxiliaries = auxiliariesOf.get(tensor.name) ?? noAuxiliaries;
    const reason = isWeight ? whyUnsupported(tensor, auxiliaries) : null;
    const matrix = isWeight ? matrixOf(tensor, role, reason) : null;
    const description: TensorDescription = {
      role,
      block: place.block,
      layer: place.layer,
      expert: expertOf(name),
      auxiliaryOf: links[i]?.weight ?? null,
      unsupported: matrix === null ? null : reason,
    };
    descriptions.push(description);
    if (matrix !== null) matrices.push(...matrixViews(tensor, description, matrix, isTensor));
  });
  return { family: family?.name ?? null, descriptions, matrices };
}

const noAuxiliaries: Auxiliaries = new Map();

/** The block that a tensor sits in. */
interface Place {
  readonly block: string;
  readonly layer: number | null;
  /** Where in the name's parts the inside of the block begins; 0 outside blocks. */
  readonly inside: number;
  /** Whether the family's container, not only any number, says so. */
  readonly known: boolean;
}

function placeOf({ module, pattern }: TensorName, family: Family | null): Place {
  const inContainer = family === null ? 0 : insideOf(pattern, family.container);
  if (inContainer > 0) return place(module, inContainer, true);
  const number = pattern.findIndex((part, i) => part === "*" && i > 0 && !isExperts(module[i - 1]));
  // A number at the very end, as in `to_out.0`, counts too: the parameter's name follows it.
  return number === -1 ? { block: "", layer: null, inside: 0, known: false } : place(module, number + 1, false);
}

function place(module: readonly string[], inside: number, known: boolean): Place {
  return { block: module.slice(0, inside).join("."), layer: Number(module[inside - 1]), inside, known };
}

/** The index after `container.*` in a pattern; 0 where it is not there. */
function insideOf(pattern: readonly string[], container: string): number {
  for (let i = 1; i < pattern.length; i++) {
    if (pattern[i] === "*" && pattern[i - 1] === container) return i + 1;
  }
  return 0;
}

function expertOf({ module }: TensorName): number | null {
  const at = module.findIndex((part, i) => isNumber(part) && isExperts(module[i - 1]));
  return at === -1 ? null : Number(module[at]);
}

function isExperts(part: string | undefined): boolean {
  return part === "experts" || part === "expert";
}

function roleOf(name: TensorName, shape: readonly number[], { inside, known }: Place, family: Family | null): Role {
  if (name.lora !== null) return name.lora;
  const module = name.module.at(-1)!;
  if (name.parameter === "bias" || name.parameter === "beta") return "bias";
  if (shape.length === 1 && /norm|(?:^|_)ln(?:_|\d|$)|^bn\d*$/i.test(module)) return "norm";
  const role =
    (known && family !== null ? exact(family.block, name.pattern.slice(inside)) : undefined) ??
    (!known && family !== null ? longestEnd(family.outside, name.pattern) : undefined) ??
    longestEnd(commonModules, name.pattern) ??
    "other";
  const isConvolution = shape.length > 3 && name.parameter === "weight" && role === "other";
  if (isConvolution || (shape.length > 2 && /conv/i.test(module))) return "conv";
  return role;
}

/** One matrix shape for what is analysed, and one for what must be called unsupported. */
function matrixOf(tensor: Tensor, role: Role, unsupported: string | null): MatrixShape | null {
  // The blocks of MXFP4 have two dimensions more than the matrix that they pack.
  const isPacked = unsupported !== null && tensor.name.endsWith("_blocks");
  const { shape } = tensor;
  const flat = isPacked && shape.length > 2 ? [shape.slice(0, -1).reduce((a, b) => a * b, 1), shape.at(-1)!] : shape;
  return matrixShape(tensor.name, flat, role);
}

/** The family that the config names, if the names agree; else the one whose table has the most of the names. */
function chooseFamily(names: readonly TensorName[], config: Checkpoint["config"]): Family | null {
  const patterns = new Map(names.map(({ pattern }) => [pattern.join("."), pattern]));
  const types = modelTypes(config);
  let best: Family | null = null;
  let most = 0;
  for (const family of families) {
    const matched = matchedPaths(family, [...patterns.values()]);
    if (matched.size === 0) continue;
    if (family.modelTypes.some((type) => types.includes(type))) return family;
    if (matched.size > most && family.distinctive.some((path) => matched.has(path))) {
      best = family;
      most = matched.size;
    }
  }
  return best;
}

/** The different paths of a family's tables that occur. */
function matchedPaths(family: Family, patterns: readonly (readonly string[])[]): Set<string> {
  const matched = new Set<string>();
  for (const pattern of patterns) {
    const inside = insideOf(pattern, family.container);
    const path = inside > 0 ? pattern.slice(inside).join(".") : pattern.at(-1)!;
    const table = inside > 0 ? family.block : family.outside;
    if (Object.hasOwn(table, path) && (inside > 0 || family.distinctive.includes(path))) matched.add(path);
  }
  return matched;
}

function modelTypes(config: Checkpoint["config"]): string[] {
  const text = config?.["text_config"];
  const inner = typeof text === "object" && text !== null && "model_type" in text ? text.model_type : undefined;
  return [config?.["model_type"], inner].filter((type) => typeof type === "string");
}

function exact(table: RoleTable, path: readonly string[]): Role | undefined {
  const key = path.join(".");
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** The role of the longest end of `path`, of three parts at most, that the table has. */
function longestEnd(table: RoleTable, path: readonly string[]): Role | undefined {
  for (const parts of [3, 2, 1]) {
    if (parts > path.length) continue;
    const role = exact(table, path.slice(-parts));
    if (role !== undefined) return role;
  }
  return undefined;
}
