/** The other side: typed messages to the extension host, requests that can fail, and the memory VS Code lends a webview. */
import type { MatrixDetail } from "../server/protocol.ts";
import type { ToHost, ToView } from "./protocol.ts";

interface WebviewApi {
  postMessage(message: ToHost): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): WebviewApi;

interface Pending {
  readonly resolve: (detail: MatrixDetail | null) => void;
  readonly reject: (error: Error) => void;
}

export class Host {
  readonly #api = acquireVsCodeApi();
  readonly #pending = new Map<number, Pending>();
  #requests = 0;

  /** Calls back for each message that is not an answer. */
  listen(receive: (message: Exclude<ToView, { type: "response" | "failure" }>) => void): void {
    window.addEventListener("message", (event: MessageEvent<ToView>) => {
      const message = event.data;
      if (message.type !== "response" && message.type !== "failure") {
        receive(message);
        return;
      }
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.type === "response") pending?.resolve(message.value);
      else pending?.reject(new Error(message.message));
    });
  }

  send(message: Exclude<ToHost, { type: "matrix" }>): void {
    this.#api.postMessage(message);
  }

  /**
   * Asks for one matrix in full; null while it is not analysed.
   *
   * @throws Error with the host's sentence where the request failed.
   */
  matrix(matrix: string): Promise<MatrixDetail | null> {
    this.#requests += 1;
    const id = this.#requests;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#api.postMessage({ type: "matrix", id, matrix });
    });
  }

  get memory(): unknown {
    return this.#api.getState();
  }

  remember(state: unknown): void {
    this.#api.setState(state);
  }
}
