/** What is missing: Vulkan's loader, an adapter, limits of the adapter, Dawn itself. */
export type MissingPart = "no-loader" | "no-adapter" | "adapter-too-small" | "no-dawn";

/** Why nothing can be computed on this machine: one sentence, and one that says what to do about it. */
export class EngineUnavailable extends Error {
  override readonly name = "EngineUnavailable";
  readonly code: MissingPart;
  readonly remedy: string;

  constructor(code: MissingPart, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}
