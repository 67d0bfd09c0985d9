import type { MatrixDetail } from "../protocol.ts";
export function spectrumPicture(_: MatrixDetail): string | null {
  return null;
}
