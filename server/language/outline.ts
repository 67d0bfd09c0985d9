import { atOnce, forEachSliced, type Sliced } from "../collections/sliced.ts";
import { plural, t } from "../text/l10n.ts";
import { storedAs } from "../text/stored-as.ts";
import type { Catalogue, CatalogueTensor } from "../protocol.ts";
import { formatBytes, formatCount, printable } from "../text/format.ts";

/** Where a tensor stands in the outline. */
export interface OutlinePlace {
  readonly line: number;
  /** First and last character of its name on the line, in UTF-16 units. */
  readonly begin: number;
  readonly end: number;
}

/** A heading and the lines of the tensors below it. */
export interface OutlineBlock {
  /** Untrusted text. */
  readonly name: string;
  /** The heading's line. */
  readonly line: number;
  readonly lastLine: number;
}

export interface Outline {
  readonly text: string;
  /** By tensor name. */
  readonly places: ReadonlyMap<string, OutlinePlace>;
  /** The tensor of each line, null for headings. */
  readonly tensors: readonly (CatalogueTensor | null)[];
  /** In the order of their lines. */
  readonly blocks: readonly OutlineBlock[];
}

/** Longer names are cut in the outline; the hover tells them whole. */
const longestName = 160;
/** Columns line up for names up to this width. */
const widestName = 56;
const indent = "  ";

/**
 * The outline of a checkpoint: a heading, then a line a tensor, indented below the line of its block. It depends on the
 * headers alone, so that positions stay while results come in.
 */
export function outlineOf(catalogue: Catalogue): Outline {
  return atOnce(outlining(catalogue));
}

/** As {@link outlineOf}, in slices. */
export function* outlining(catalogue: Catalogue): Sliced<Outline> {
  const lines: string[] = [];
  const places = new Map<string, OutlinePlace>();
  const tensors: (CatalogueTensor | null)[] = [];
  const blocks: { name: string; line: number; lastLine: number }[] = [];
  const add = (line: string, tensor: CatalogueTensor | null): void => {
    lines.push(line);
    tensors.push(tensor);
  };
  const facts = [
    catalogue.family ?? t("unknown architecture"),
    plural(catalogue.tensors.length, "{0} tensor", "{0} tensors"),
    t("{0} parameters", formatCount(catalogue.parameters)),
    formatBytes(catalogue.bytes),
  ];
  add(`# ${facts.join(" · ")}`, null);
  const widths = { name: 0, role: 0, dtype: 0, shape: 0 };
  yield* forEachSliced(catalogue.tensors, (tensor) => {
    widths.name = Math.max(widths.name, Math.min(widestName, labelOf(tensor).length));
    widths.role = Math.max(widths.role, tensor.role.length);
    widths.dtype = Math.max(widths.dtype, storedAs(tensor).length);
    // What is known of a matrix stands behind its shape: padded, so that it lines up.
    if (tensor.matrices > 0) widths.shape = Math.max(widths.shape, shapeOf(tensor).length);
  });
  let block = "";
  yield* forEachSliced(catalogue.tensors, (tensor) => {
    if (tensor.block !== block) {
      block = tensor.block;
      if (block !== "") {
        blocks.push({ name: block, line: lines.length, lastLine: lines.length });
        add(shown(block), null);
      }
    }
    const name = labelOf(tensor);
    const begin = block === "" ? 0 : indent.length;
    const open = blocks.at(-1);
    if (open !== undefined && block !== "") {
      open.lastLine = lines.length;
    }
    places.set(tensor.name, { line: lines.length, begin, end: begin + name.length });
    const columns = [
      name.padEnd(widths.name + indent.length - begin),
      tensor.role.padEnd(widths.role),
      storedAs(tensor).padEnd(widths.dtype),
      tensor.matrices > 0 ? shapeOf(tensor).padEnd(widths.shape) : shapeOf(tensor),
    ];
    add(indent.slice(0, begin) + columns.join("  "), tensor);
  });
  return { text: `${lines.join("\n")}\n`, places, tensors, blocks };
}

function shapeOf({ shape }: CatalogueTensor): string {
  return shape.length === 0 ? t("scalar") : shape.join(" × ");
}

/** The name below its block's heading. */
export function labelOf({ name, block }: CatalogueTensor): string {
  return shown(block !== "" && name.startsWith(`${block}.`) ? name.slice(block.length + 1) : name);
}

/** A name on one line, cut where it is too long to be read. */
export function shown(name: string): string {
  const text = printable(name);
  return text.length <= longestName ? text : `${text.slice(0, longestName - 1)}…`;
}
