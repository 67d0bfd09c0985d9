import type { CatalogueTensor } from "../../server/protocol.ts";

/** Ids of the matrices in a tensor, as {@link CatalogueTensor.matrices} defines them. */
export function matrixIds(tensor: CatalogueTensor): string[] {
  if (tensor.matrices === 0) return [];
  if (tensor.matrices === 1) return [tensor.name];
  return Array.from({ length: tensor.matrices }, (_, slice) => `${tensor.name}[${slice}]`);
}

/** Id of one slice of a stack, or of the tensor's only matrix; null where the tensor has no such matrix. */
export function matrixId(tensor: CatalogueTensor, slice: number | null): string | null {
  if (tensor.matrices === 1) return tensor.name;
  if (slice === null || slice < 0 || slice >= tensor.matrices) return null;
  return `${tensor.name}[${slice}]`;
}
