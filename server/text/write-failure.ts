/** Why something could not be written, in a few words that go on a sentence. */
import { errorCode } from "./error-code.ts";
import { t } from "./l10n.ts";

export function whyNotWritten(error: unknown): string {
  return reasons[errorCode(error) ?? ""]?.() ?? (error instanceof Error ? error.message : String(error));
}

const reasons: Partial<Record<string, () => string>> = {
  ENOSPC: () => t("no space is left on the disk"),
  EDQUOT: () => t("the disk quota is used up"),
  EFBIG: () => t("it would be larger than files may be here"),
  ENOENT: () => t("there is no such folder"),
  ENOTDIR: () => t("a part of the path is not a folder"),
  EACCES: () => t("permission denied"),
  EPERM: () => t("permission denied"),
  EROFS: () => t("the file system is read-only"),
  EIO: () => t("the disk reports an error"),
};
