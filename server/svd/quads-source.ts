/** How shaders read and write rows four entries at a time. */
import putQuads from "../../shaders/put-quads.wgsl";
import putQuadsAligned from "../../shaders/put-quads-aligned.wgsl";
import quads from "../../shaders/quads.wgsl";
import quadsAligned from "../../shaders/quads-aligned.wgsl";

/** What comes before shaders that read rows in quads, and before those that write them, too. */
export interface QuadsSource {
  readonly read: string;
  readonly write: string;
}

/** @param aligned whether rows are made of whole quads */
export function quadsOf(aligned: boolean): QuadsSource {
  return aligned
    ? { read: quadsAligned, write: quadsAligned + putQuadsAligned }
    : { read: quads, write: quads + putQuads };
}
