/** The tensor that a command is about. */
import * as vscode from "vscode";
import type { Session } from "../editor/session.ts";
import type { Parts } from "./command.ts";
import { readRevealArguments } from "./reveal-arguments.ts";

/** A tensor of an open checkpoint with the ids of its matrices. */
export interface TargetTensor {
  readonly session: Session;
  readonly name: string;
  readonly ids: readonly string[];
}

/**
 * Opens the checkpoint of the tensor that a command's argument names, or of the one that is selected in front, while
 * something is done with it.
 * @throws where there is none, or it holds no matrix, in one sentence.
 */
export async function withTensor<T>(
  { sessions, active }: Parts,
  value: unknown,
  action: (tensor: TargetTensor) => Promise<T>,
): Promise<T> {
  const given = readRevealArguments(value);
  const uri = given === null ? active.uri : vscode.Uri.parse(given.checkpoint, true);
  const name = given === null ? active.tensor : given.tensor;
  if (uri === null || name === null) throw new Error(vscode.l10n.t("Select a tensor first."));
  const lease = await sessions.open(uri);
  try {
    const { session } = lease;
    const tensor = session.catalogue.tensors.find((each) => each.name === name);
    if (tensor === undefined) throw new Error(vscode.l10n.t("The checkpoint has no tensor {0} any more.", name));
    if (tensor.matrices === 0) throw new Error(vscode.l10n.t("{0} is not a matrix: it has no spectrum.", name));
    const ids = tensor.matrices === 1 ? [name] : Array.from({ length: tensor.matrices }, (_, k) => `${name}[${k}]`);
    return await action({ session, name, ids });
  } finally {
    lease.dispose();
  }
}
