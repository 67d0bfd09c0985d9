import householderPanel from "../../shaders/householder-panel.wgsl";
import householderPanelPlain from "../../shaders/householder-panel-plain.wgsl";
import householderPanelSubgroups from "../../shaders/householder-panel-subgroups.wgsl";
import panelChain from "../../shaders/panel-chain.wgsl";
import rowProducts from "../../shaders/row-products.wgsl";
import triangularSolve from "../../shaders/triangular-solve.wgsl";

/** Columns of a panel and superdiagonals of the band: the shaders hold such a row in two vec4. */
export const band = 8;

/** The source of a kernel that factors panels by so many invocations, in front of what says which panels. */
export interface PanelSource {
  /** What WGSL wants before everything else. */
  readonly directives: string;
  readonly source: string;
}

/** Rows of a panel that a workgroup of so many invocations holds in registers, see shaders/householder-panel.wgsl. */
export function rowsInRegisters(threads: number): number {
  return 8 * threads;
}

/** See shaders/householder-panel.wgsl; the constants BAND and FUSED and row.wgsl come before. */
export function panelSource(threads: number, subgroups: boolean): PanelSource {
  const source = `const THREADS = ${threads}u;\n${rowProducts}${triangularSolve}${panelChain}${householderPanel}`;
  if (!subgroups) return { directives: "", source: source + householderPanelPlain };
  // All invocations of a workgroup come to the exchanges, but the number of them depends on the subgroup's size.
  const directives = "enable subgroups;\nrequires subgroup_id;\ndiagnostic(off, subgroup_uniformity);\n";
  return { directives, source: source + householderPanelSubgroups };
}
