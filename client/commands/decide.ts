import * as vscode from "vscode";
import { estimateAnalysis } from "../../server/protocol.ts";
import { duration } from "../duration.ts";
import type { Session } from "../editor/session.ts";
import type { Parts } from "./command.ts";

/**
 * Before something long: tells how long it takes on this adapter, and asks.
 * @param ids of matrices, heads or parts; null for all that have no result yet
 * @returns whether to begin; what is short begins without being asked
 */
export async function decide(
  { server }: Parts,
  { checkpoint, engine }: Session,
  ids: readonly string[] | null,
  vectors = false,
): Promise<boolean> {
  const { matrices, seconds, long } = await server.request(estimateAnalysis, {
    checkpoint,
    vectors,
    ...(ids === null ? {} : { ids }),
  });
  if (!long || seconds === null) return true;
  const adapter = engine.adapter ?? vscode.l10n.t("the GPU");
  const message = vscode.l10n.t("Analysing {0} matrices takes about {1} here.", matrices, duration(seconds));
  const detail = engine.software
    ? vscode.l10n.t(
        "{0} computes in software. The analysis can be paused at any time; what is computed stays.",
        adapter,
      )
    : vscode.l10n.t("It is computed on {0}. The analysis can be paused at any time; what is computed stays.", adapter);
  const analyse = vscode.l10n.t("Analyse");
  return (await vscode.window.showInformationMessage(message, { modal: true, detail }, analyse)) === analyse;
}
