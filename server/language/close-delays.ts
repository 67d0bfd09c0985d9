/**
 * A preview tab is replaced by the next one, and what was closed is often opened again at once: the client says that a
 * checkpoint is closed only after so many milliseconds.
 */
export const viewCloseDelay = 5000;

/**
 * Documents come and go while a person reads: the server lets a checkpoint that nothing holds go only after so many
 * milliseconds. Both delays together keep within the ten seconds after which the GPU is free again.
 */
export const closeDelay = 2000;
