/** As many bytes from a file's start are enough for {@link describeForeignFile}. */
import { t } from "../text/l10n.ts";
export const signatureBytes = 512;

const magics: readonly { readonly bytes: readonly number[]; readonly is: () => string }[] = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], is: () => t("a ZIP archive, as PyTorch's .bin, .pt and .pth files are") },
  { bytes: [0x80, 0x02], is: () => t("a Python pickle, as old PyTorch files are") },
  { bytes: [0x80, 0x03], is: () => t("a Python pickle") },
  { bytes: [0x80, 0x04], is: () => t("a Python pickle") },
  { bytes: [0x80, 0x05], is: () => t("a Python pickle") },
  { bytes: [0x47, 0x47, 0x55, 0x46], is: () => t("a GGUF file, as llama.cpp uses") },
  { bytes: [0x89, 0x48, 0x44, 0x46], is: () => t("an HDF5 file, as Keras uses") },
  { bytes: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], is: () => t("a NumPy array") },
  { bytes: [0x1f, 0x8b], is: () => t("gzip-compressed") },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], is: () => t("Zstandard-compressed") },
];

/**
 * What a file that does not start as a safetensors file does is instead, in one sentence with the remedy; null when it
 * cannot be told. To ask only after the length in the first 8 bytes proved impossible.
 */
export function describeForeignFile(start: Uint8Array): string | null {
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength).toString("latin1");
  if (text.startsWith("version https://git-lfs")) {
    const size = /^size ([0-9]+)$/m.exec(text)?.[1];
    return size === undefined
      ? t('This is a Git LFS pointer, not the file itself: run "git lfs pull" in its repository to download it.')
      : t(
          'This is a Git LFS pointer, not the file itself, of {0} bytes: run "git lfs pull" in its repository to download it.',
          size,
        );
  }
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(text)) {
    return t(
      "This is a web page (HTML or XML), not a safetensors file: the download went to a page about the file or to an error message.",
    );
  }
  const magic = magics.find(({ bytes }) => bytes.every((byte, i) => start[i] === byte));
  if (magic !== undefined) return t("This is not a safetensors file but {0}.", magic.is());
  if (start.length >= 8 && start.every((byte) => byte === 0)) {
    return t("The file starts with zeros only: it was reserved on disk but not downloaded; download it again.");
  }
  if (start.length > 0 && /^[\t\n\r\x20-\x7e]*$/.test(text)) {
    const first = text.trimStart()[0];
    return first === "{" || first === "["
      ? t("This is a JSON text, not a safetensors file.")
      : t("This is a text file, not a safetensors file.");
  }
  return null;
}
