import type { TensorNode } from "../model/nodes.ts";

/** One of the faces of the detail pane. */
export interface DetailView {
  readonly element: HTMLElement;
  /** Results came for these tensors. */
  readonly results?: (changed: ReadonlySet<TensorNode>) => void;
  /** The analysis or the engine changed its state. */
  readonly analysis?: () => void;
  readonly dispose?: () => void;
}
