import { matchesWildcard } from "../text/wildcard.ts";
import type { Role } from "./role.ts";

/** What a person says of the names of an architecture that no table knows. */
export interface RoleRule {
  /** Of a tensor's whole name; `*` stands for any run of characters, `?` for one. */
  readonly name: string;
  readonly role: Role;
}

/** The role of the first rule whose pattern the name matches; null where none does. */
export function customRole(name: string, rules: readonly RoleRule[]): Role | null {
  return rules.find((rule) => matchesWildcard(rule.name, name))?.role ?? null;
}
