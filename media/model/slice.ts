/** Which rows or columns of a matrix are looked at, as one types it in Python: `0:64`, `::8`, `100`, `-16:`. Pure. */
import { t } from "../../server/text/l10n.ts";

/** `count` places from `start` on, `step` apart. */
export interface Slice {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * @param length of the side
 * @param most places that can be shown; more are left out
 * @throws in one sentence when the text means nothing on this side.
 */
export function parseSlice(text: string, length: number, most: number): Slice {
  const trimmed = text.replaceAll(/\s/gu, "");
  const parts = /^(-?\d+)?(?:(:)(-?\d+)?(?::(\d+)?)?)?$/u.exec(trimmed);
  if (parts === null) throw new Error(t("“{0}” is no slice: write 0:64, ::8, 100 or -16:.", text.slice(0, 40)));
  const [, first, colon, end, stride] = parts;
  const place = (typed: string): number => Number(typed) + (typed.startsWith("-") ? length : 0);
  if (colon === undefined && first !== undefined) {
    const index = place(first);
    if (index < 0 || index >= length) throw new Error(t("There is no place {0} on a side of {1}.", first, length));
    return { start: index, step: 1, count: 1 };
  }
  const start = Math.max(0, first === undefined ? 0 : place(first));
  const stop = Math.min(length, end === undefined ? length : place(end));
  const step = stride === undefined ? 1 : Number(stride);
  if (step === 0) throw new Error(t("A step of 0 leads nowhere."));
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count === 0) throw new Error(t("“{0}” holds none of the {1} places.", text.slice(0, 40), length));
  return { start, step, count: Math.min(count, most) };
}

/** The places of a slice. */
export function places({ start, step, count }: Slice): number[] {
  return Array.from({ length: count }, (_, index) => start + index * step);
}

/** The whole side in at most so many places. */
export function wholeSide(length: number, most: number): string {
  const step = Math.ceil(length / most);
  return step === 1 ? ":" : `::${step}`;
}
