import type { CatalogueTensor } from "../protocol.ts";

/** What the numbers of a tensor are stored as: the format of a packed weight, else the dtype. */
export function storedAs({ dtype, packed }: Pick<CatalogueTensor, "dtype" | "packed">): string {
  return packed?.format ?? dtype;
}
