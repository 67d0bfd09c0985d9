import type { EngineStatus } from "../../server/protocol.ts";

/** A GPU that is there and computes. */
export const readyEngine: EngineStatus = {
  phase: "ready",
  adapter: "a GPU",
  backend: "vulkan",
  software: false,
  message: null,
  remedy: null,
};
