/** `1 tensor`, `2 tensors`, in the command line's English; the plural where it is not formed with an s. */
export function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
