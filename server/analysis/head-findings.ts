import { t } from "../text/l10n.ts";
import type { Role } from "../architecture/role.ts";
import type { Problem } from "../protocol.ts";
import type { Grade } from "../spectrum/verdict.ts";
import { shortened } from "../text/format.ts";
import { gradePhrase, gradeSeverities } from "./findings.ts";

/** The code of what is found in heads. */
export const headsCode = "heads";

/** A problem with the heads of one layer, on the first of their tensors. */
export type HeadFinding = Problem & { readonly tensor: string };

/** An attention head with its grade. */
export interface JudgedHead {
  /** Untrusted text, as is the block. */
  readonly tensor: string;
  readonly grade: Grade;
  readonly role: Role;
  readonly block: string;
  readonly layer: number | null;
  readonly head: number;
}

/**
 * What the grades of heads say, one problem a layer, in the order in which the layers come. A head says nothing that its
 * whole matrix, whose grade `gradeOf` knows by the tensor's name, says already.
 */
export function headFindings(heads: readonly JudgedHead[], gradeOf: (tensor: string) => Grade | null): HeadFinding[] {
  const byBlock = new Map<string, JudgedHead[]>();
  for (const head of heads) {
    if (gradeSeverities[head.grade] === undefined || gradeOf(head.tensor) === head.grade) {
      continue;
    }
    const found = byBlock.get(head.block);
    if (found === undefined) {
      byBlock.set(head.block, [head]);
    } else {
      found.push(head);
    }
  }
  return [...byBlock].map(([block, found]) => {
    const total = heads.filter((head) => head.block === block).length;
    const only = found.length === 1 ? found[0]! : null;
    return {
      code: headsCode,
      severity: "information",
      tensor: found[0]!.tensor,
      head: only?.head ?? null,
      message: t("{0}: {1} ({2} of {3} heads).", shortened(block), listed(found), found.length, total),
    };
  });
}

/** `value heads 0 and 1 look …; key head 3 is …`. */
function listed(found: readonly JudgedHead[]): string {
  const groups = new Map<string, JudgedHead[]>();
  for (const head of found) {
    const key = `${head.role} ${head.grade}`;
    groups.set(key, [...(groups.get(key) ?? []), head]);
  }
  return [...groups.values()]
    .map((group) => {
      const { role, grade } = group[0]!;
      const numbers = group.map(({ head }) => head).join(", ");
      return group.length === 1
        ? t("{0} head {1} {2}", role, numbers, gradePhrase(grade))
        : t("each of {0} heads {1} {2}", role, numbers, gradePhrase(grade));
    })
    .join("; ");
}
