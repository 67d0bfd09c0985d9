/**
 * Columns of whole numbers as they travel: of one byte each, two or four, whatever the largest needs, in base64. Runs in the
 * webview too, where there is no Buffer.
 */

/** Numbers from 0 to 2³² − 1, little-endian, each of as many bytes as the length tells: 1, 2 or 4. */
export type PackedNumbers = string;

export function packNumbers(numbers: Uint32Array): PackedNumbers {
  let largest = 0;
  for (const number of numbers) if (number > largest) largest = number;
  const width = largest < 2 ** 8 ? 1 : largest < 2 ** 16 ? 2 : 4;
  const bytes = new Uint8Array(width * numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    for (let byte = 0, rest = numbers[i]!; byte < width; byte++, rest >>>= 8) bytes[width * i + byte] = rest & 0xff;
  }
  let text = "";
  // No call takes as many arguments as there may be bytes.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** @param count how many numbers there are */
export function unpackNumbers(packed: PackedNumbers, count: number): Uint32Array {
  const bytes = atob(packed);
  const width = count === 0 ? 1 : bytes.length / count;
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let number = 0;
    for (let byte = width - 1; byte >= 0; byte--) number = number * 256 + bytes.charCodeAt(width * i + byte);
    numbers[i] = number;
  }
  return numbers;
}
