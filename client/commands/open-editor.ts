import { openEditorCommand } from "../../server/protocol.ts";
import { openEditor as open } from "../editor/provider.ts";
import { chooseCheckpoint } from "./choose-checkpoint.ts";
import { target, type Command } from "./command.ts";

/** Opens the custom editor for a file, an index, or the checkpoint whose outline is in front. */
export const openEditor: Command = {
  id: openEditorCommand,
  run: async (parts, value) => {
    const uri = target(parts, value) ?? (await chooseCheckpoint(parts));
    if (uri !== null) await open(uri);
  },
};
