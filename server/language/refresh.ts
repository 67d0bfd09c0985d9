import {
  CodeLensRefreshRequest,
  DiagnosticRefreshRequest,
  InlayHintRefreshRequest,
  type ClientCapabilities,
} from "vscode-languageserver";

/** VS Code asks for every visible lens and hint again: often enough to see results come, seldom enough to read. */
const interval = 1000;

/** Tells the client that lenses, hints and what it pulls of findings have changed, where it wants to hear of it, at most once an interval. */
export class Refresh {
  readonly #send: (method: string) => Promise<unknown>;
  readonly #methods: readonly string[];
  #timer: NodeJS.Timeout | null = null;
  #last = -Infinity;

  /** @param send sends a request to the client; its failure is no reason to stop */
  constructor(capabilities: ClientCapabilities, send: (method: string) => Promise<unknown>) {
    this.#send = send;
    this.#methods = [
      ...(capabilities.workspace?.codeLens?.refreshSupport === true ? [CodeLensRefreshRequest.method] : []),
      ...(capabilities.workspace?.diagnostics?.refreshSupport === true ? [DiagnosticRefreshRequest.method] : []),
      ...(capabilities.workspace?.inlayHint?.refreshSupport === true ? [InlayHintRefreshRequest.method] : []),
    ];
  }

  request(): void {
    if (this.#timer !== null || this.#methods.length === 0) {
      return;
    }
    const wait = Math.max(0, this.#last + interval - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#last = performance.now();
      for (const method of this.#methods) {
        this.#send(method).catch(() => undefined);
      }
    }, wait);
    this.#timer.unref();
  }
}
