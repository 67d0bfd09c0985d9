import type { Role } from "../architecture/role.ts";
import type { Localisation } from "./localisation.ts";
import type { VectorRandomness } from "./vector-randomness.ts";

/** What the singular vectors of one side say of a matrix or head. */
export interface SideSummary extends VectorRandomness {
  readonly localisation: Localisation;
}

/** The vectors of one side along depth. */
export interface SideProfile {
  /** For each layer the mean over its heads, or matrices; null where none has vectors. */
  readonly meanP: readonly (number | null)[];
  readonly shareBelow05: readonly (number | null)[];
  readonly largest: readonly (number | null)[];
  readonly inverseParticipation: readonly (number | null)[];
}

export interface VectorProfile {
  readonly role: Role;
  /** Whether single heads are averaged, or whole matrices. */
  readonly heads: boolean;
  readonly layers: readonly number[];
  /** How many each layer has. */
  readonly count: readonly number[];
  readonly left: SideProfile;
  readonly right: SideProfile;
  /** The mean of what noise gives vectors of these lengths. */
  readonly noise: { readonly left: SideSummary; readonly right: SideSummary };
}

interface Sides {
  readonly left: SideSummary;
  readonly right: SideSummary;
}

interface Entry extends Sides {
  readonly noise: Sides;
}

/** Averages what the singular vectors of heads and matrices say over each layer, one at a time. */
export class VectorProfiles {
  readonly #entries = new Map<
    string,
    { readonly role: Role; readonly heads: boolean; readonly byLayer: Map<number, Entry[]> }
  >();

  /** @param layer null outside blocks: then there is no depth to lay it along */
  add(role: Role, heads: boolean, layer: number | null, entry: Entry): void {
    if (layer === null) return;
    const key = `${role} ${String(heads)}`;
    const known = this.#entries.get(key) ?? { role, heads, byLayer: new Map<number, Entry[]>() };
    this.#entries.set(key, known);
    known.byLayer.set(layer, [...(known.byLayer.get(layer) ?? []), entry]);
  }

  /** In the order in which roles first came. */
  get results(): VectorProfile[] {
    return [...this.#entries.values()].map(({ role, heads, byLayer }) => {
      const layers = [...byLayer.keys()].sort((a, b) => a - b);
      const all = [...byLayer.values()].flat();
      const along = (side: keyof Sides): SideProfile => {
        const means = layers.map((layer) => mean(byLayer.get(layer)!.map((entry) => entry[side])));
        return {
          meanP: means.map(({ meanP }) => meanP),
          shareBelow05: means.map(({ shareBelow05 }) => shareBelow05),
          largest: means.map(({ localisation }) => localisation.largest),
          inverseParticipation: means.map(({ localisation }) => localisation.inverseParticipation),
        };
      };
      return {
        role,
        heads,
        layers,
        count: layers.map((layer) => byLayer.get(layer)!.length),
        left: along("left"),
        right: along("right"),
        noise: { left: mean(all.map(({ noise }) => noise.left)), right: mean(all.map(({ noise }) => noise.right)) },
      };
    });
  }
}

function mean(summaries: readonly SideSummary[]): SideSummary {
  const of = (read: (summary: SideSummary) => number | null): number | null => {
    const known = summaries.map(read).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return {
    meanP: of(({ meanP }) => meanP),
    shareBelow05: of(({ shareBelow05 }) => shareBelow05),
    localisation: {
      largest: of(({ localisation }) => localisation.largest),
      inverseParticipation: of(({ localisation }) => localisation.inverseParticipation),
    },
  };
}
