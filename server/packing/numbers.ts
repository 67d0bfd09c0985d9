/**
 * Columns of whole numbers as they travel: of one byte each, two or four, whatever the largest needs, in base64. Runs in the
 * webview too, where there is no Buffer. Typed arrays are little-endian wherever VS Code runs.
 */

/** Numbers from 0 to 2³² − 1, little-endian, each of as many bytes as the length tells: 1, 2 or 4. */
export type PackedNumbers = string;

export function packNumbers(numbers: Uint32Array): PackedNumbers {
  let largest = 0;
  for (const number of numbers) if (number > largest) largest = number;
  const Width = largest < 2 ** 8 ? Uint8Array : largest < 2 ** 16 ? Uint16Array : Uint32Array;
  const bytes = new Uint8Array(new Width(numbers).buffer);
  let text = "";
  // No call takes as many arguments as there may be bytes.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** @param count how many numbers there are */
export function unpackNumbers(packed: PackedNumbers, count: number): Uint8Array | Uint16Array | Uint32Array {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  const width = count === 0 ? 1 : text.length / count;
  const Width = width === 1 ? Uint8Array : width === 2 ? Uint16Array : Uint32Array;
  return new Width(bytes.buffer);
}
