import { buffers } from "./auxiliaries.ts";
import { commonModules, families, type Family, type RoleTable } from "./families.ts";
import type { Role } from "./role.ts";
import { nameParts, type NameParts } from "./tensor-name.ts";

/** What a family says about all tensors whose names differ only in numbers. */
export interface NamePattern {
  readonly parts: NameParts;
  /** Which of the name's numbers counts the blocks, and which the experts; -1 for none. */
  readonly blockNumber: number;
  readonly expertNumber: number;
  /** Saved with the weights, but not one of them. */
  readonly isBuffer: boolean;
  /** What the tables say of the module. */
  readonly moduleRole: Role;
}

export function describePattern(pattern: string, family: Family | null): NamePattern {
  const parts = nameParts(pattern);
  const { module } = parts;
  const inside = family === null ? 0 : insideOf(module, family.container);
  const moduleRole =
    (family === null
      ? undefined
      : inside > 0
        ? exact(family.block, module.slice(inside))
        : longestEnd(family.outside, module)) ??
    longestEnd(commonModules, module) ??
    "other";
  const isExpert = (i: number): boolean =>
    module[i] === "*" && (module[i - 1] === "experts" || module[i - 1] === "expert");
  const block = inside > 0 ? inside - 1 : module.findIndex((part, i) => part === "*" && i > 0 && !isExpert(i));
  return {
    parts,
    blockNumber: numberAt(module, block),
    expertNumber: numberAt(
      module,
      module.findIndex((_, i) => isExpert(i)),
    ),
    isBuffer: buffers.has(pattern.slice(pattern.lastIndexOf(".") + 1)),
    moduleRole,
  };
}

/** The role of a tensor, which depends on its shape too. */
export function roleOf({ parts, moduleRole }: NamePattern, shape: readonly number[]): Role {
  if (parts.lora !== null) return parts.lora;
  if (parts.parameter === "bias" || parts.parameter === "beta") return "bias";
  const module = parts.module.at(-1)!;
  if (shape.length === 1 && /norm|(?:^|_)ln(?:_|\d|$)|^bn\d*$/i.test(module)) return "norm";
  // Weights of four dimensions are convolutions whatever they are called; of three they may be stacks of matrices.
  const isNamed = shape.length > 2 && /conv/i.test(module);
  const isUnnamed = shape.length > 3 && parts.parameter === "weight" && moduleRole === "other";
  return isNamed || isUnnamed ? "conv" : moduleRole;
}

/** The family that the config names, if the names agree; else the one whose table has the most of the names. */
export function chooseFamily(
  patterns: readonly string[],
  config: Readonly<Record<string, unknown>> | null,
): Family | null {
  const modules = patterns.map((pattern) => nameParts(pattern).module);
  const types = modelTypes(config);
  let best: Family | null = null;
  let most = 0;
  for (const family of families) {
    const matched = matchedPaths(family, modules);
    if (matched.size === 0) continue;
    if (family.modelTypes.some((type) => types.includes(type))) return family;
    if (matched.size > most && family.distinctive.some((path) => matched.has(path))) {
      best = family;
      most = matched.size;
    }
  }
  return best;
}

/** The different paths of a family's tables that occur: all inside blocks, outside only the distinctive ones. */
function matchedPaths(family: Family, modules: readonly (readonly string[])[]): Set<string> {
  const matched = new Set<string>();
  for (const module of modules) {
    const inside = insideOf(module, family.container);
    const path = inside > 0 ? module.slice(inside).join(".") : module.at(-1)!;
    if (inside > 0 ? Object.hasOwn(family.block, path) : family.distinctive.includes(path)) matched.add(path);
  }
  return matched;
}

function modelTypes(config: Readonly<Record<string, unknown>> | null): string[] {
  const text = config?.["text_config"];
  const inner = typeof text === "object" && text !== null && "model_type" in text ? text.model_type : undefined;
  return [config?.["model_type"], inner].filter((type) => typeof type === "string");
}

/** The index after `container.*`; 0 where it is not there. */
function insideOf(module: readonly string[], container: string): number {
  for (let i = 1; i < module.length; i++) {
    if (module[i] === "*" && module[i - 1] === container) return i + 1;
  }
  return 0;
}

/** The path of a module from its block, as in a family's table; empty outside blocks. */
export function blockPath(module: readonly string[], container: string): string {
  const inside = insideOf(module, container);
  return inside === 0 ? "" : module.slice(inside).join(".");
}

/** How many numbers stand before the part at `index`; -1 for no index. */
function numberAt(module: readonly string[], index: number): number {
  return index === -1 ? -1 : module.slice(0, index).filter((part) => part === "*").length;
}

function exact(table: RoleTable, path: readonly string[]): Role | undefined {
  const key = path.join(".");
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** The role of the longest end of `path`, of three parts at most, that the table has. */
function longestEnd(table: RoleTable, path: readonly string[]): Role | undefined {
  for (const parts of [3, 2, 1]) {
    const role = parts > path.length ? undefined : exact(table, path.slice(-parts));
    if (role !== undefined) return role;
  }
  return undefined;
}
