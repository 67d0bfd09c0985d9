import type { Adapter } from "../../server/protocol.ts";

/**
 * What the setting calls an adapter: its name without what drivers add in parentheses, such as their version, unless
 * that would fit several.
 */
export function settingFor({ name }: Adapter, all: readonly Adapter[]): string {
  const short = name.replace(/\s*\(.*$/u, "");
  const fitting = all.filter((adapter) => adapter.name.includes(short));
  return short !== "" && fitting.length === 1 ? short : name;
}

/** The adapter that a setting names; null for the automatic choice, and where there is none of that name. */
export function adapterOf(setting: string, all: readonly Adapter[]): Adapter | null {
  return setting === "" ? null : (all.find(({ name }) => name.includes(setting)) ?? null);
}
