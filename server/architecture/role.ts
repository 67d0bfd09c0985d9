/** What a tensor is for in its model. */
export const roles = [
  "query",
  "key",
  "value",
  "output",
  "gate",
  "up",
  "down",
  "qkv",
  "gate-up",
  "router",
  "embedding",
  "unembedding",
  "norm",
  "bias",
  "conv",
  "lora-a",
  "lora-b",
  "other",
] as const;

export type Role = (typeof roles)[number];
