import type { Role } from "../architecture/role.ts";
import type { Grade } from "./verdict.ts";

/**
 * Whether a grade that would be a finding elsewhere is what good training leaves in a matrix of this role. A low-rank
 * adapter begins with a random A and a zero B. A stays close to where it began, and a B that is not zero was trained,
 * however little structure eight columns can show.
 */
export function isExpectedGrade(role: Role, grade: Grade): boolean {
  return (role === "lora-a" || role === "lora-b") && (grade === "random" || grade === "near-random");
}
