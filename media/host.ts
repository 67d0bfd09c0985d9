/** The other side: typed messages to the extension host, requests that can fail, and the memory VS Code lends a webview. */
import type {
  DrawnSpectrum,
  Entries,
  EntryGrid,
  Estimate,
  MatrixDetail,
  MatrixSpectrum,
  MetricColumn,
  MetricKey,
  PortionList,
  ProductResult,
  Progress,
  VectorProfile,
} from "../server/protocol.ts";
import type { Answer, ProductChoice, ToHost, ToView } from "./protocol.ts";

interface WebviewApi {
  postMessage(message: ToHost): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): WebviewApi;

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/** What is no part of an answer. */
export type Told = Exclude<ToView, { type: "response" | "failure" | "progress" }>;

type Request = Extract<ToHost, { readonly id: number }>;

export class Host {
  readonly #api = acquireVsCodeApi();
  readonly #pending = new Map<number, Pending>();
  #requests = 0;

  /** Calls back for each message that is not an answer. */
  listen(receive: (message: Told) => void): void {
    window.addEventListener("message", (event: MessageEvent<ToView>) => {
      const message = event.data;
      if (message.type !== "response" && message.type !== "failure" && message.type !== "progress") {
        receive(message);
        return;
      }
      const pending = this.#pending.get(message.id);
      if (message.type === "progress") {
        pending?.onProgress?.(message);
        return;
      }
      this.#pending.delete(message.id);
      if (message.type === "response") pending?.resolve(message.value);
      else pending?.reject(new Error(message.message));
    });
  }

  send(message: Exclude<ToHost, Request>): void {
    this.#api.postMessage(message);
  }

  /**
   * Asks for one matrix in full; null while it is not analysed.
   *
   * @throws Error with the host's sentence where the request failed.
   */
  matrix(matrix: string): Promise<MatrixDetail | null> {
    return this.#ask((id) => ({ type: "matrix", id, matrix })) as Promise<MatrixDetail | null>;
  }

  /**
   * Asks for one metric of every matrix.
   *
   * @throws Error with the host's sentence where the request failed.
   */
  metric(metric: MetricKey): Promise<MetricColumn> {
    return this.#ask((id) => ({ type: "metric", id, metric })) as Promise<MetricColumn>;
  }

  /**
   * Asks for the spectra of several matrices; those that are not analysed are left out.
   *
   * @param points so many values of each, evenly chosen; null for all
   * @throws Error with the host's sentence where the request failed.
   */
  spectra(matrices: readonly string[], points: number | null): Promise<readonly MatrixSpectrum[]> {
    return this.#ask((id) => ({ type: "spectra", id, matrices, points })) as Promise<readonly MatrixSpectrum[]>;
  }

  /**
   * Asks how long matrices take.
   *
   * @throws Error with the host's sentence where the request failed.
   */
  estimate(matrices: readonly string[]): Promise<Estimate> {
    return this.#ask((id) => ({ type: "estimate", id, matrices })) as Promise<Estimate>;
  }

  /**
   * Asks for the heads and parts of fused weights.
   *
   * @throws Error with the host's sentence where the request failed.
   */
  portions(): Promise<PortionList> {
    return this.#ask((id) => ({ type: "portions", id })) as Promise<PortionList>;
  }

  /**
   * Asks for one metric of every head.
   *
   * @throws Error with the host's sentence where the request failed.
   */
  headMetric(metric: MetricKey): Promise<MetricColumn> {
    return this.#ask((id) => ({ type: "headMetric", id, metric })) as Promise<MetricColumn>;
  }

  /**
   * Analyses heads; null for those of the whole checkpoint. Results come as all others do.
   *
   * @throws Error with the host's sentence where there are none.
   */
  async analyseHeads(tensors: readonly string[] | null): Promise<void> {
    await this.#ask((id) => ({ type: "analyseHeads", id, tensors }));
  }

  /**
   * Analyses matrices, heads or parts of fused weights.
   *
   * @throws Error with the host's sentence where that failed.
   */
  async analyse(matrices: readonly string[]): Promise<void> {
    await this.#ask((id) => ({ type: "analyseParts", id, matrices }));
  }

  /**
   * Analyses matrices, heads or parts with their singular vectors.
   *
   * @throws Error with the host's sentence where that failed.
   */
  async analyseVectors(matrices: readonly string[]): Promise<void> {
    await this.#ask((id) => ({ type: "analyseVectors", id, matrices }));
  }

  /**
   * Asks for some entries of a tensor.
   *
   * @throws Error with the host's sentence where they cannot be read.
   */
  entries(tensor: string, grid: EntryGrid): Promise<Entries> {
    return this.#ask((id) => ({ type: "entries", id, tensor, grid })) as Promise<Entries>;
  }

  /**
   * Asks for all entries of a vector, in at most so many runs.
   *
   * @throws Error with the host's sentence where they cannot be read.
   */
  vector(tensor: string, runs: number): Promise<VectorProfile> {
    return this.#ask((id) => ({ type: "vector", id, tensor, runs })) as Promise<VectorProfile>;
  }

  /**
   * Copies a Python program that draws these matrices, heads or parts from their files.
   *
   * @throws Error with the host's sentence where there is none.
   */
  async copyPython(matrices: readonly string[]): Promise<void> {
    await this.#ask((id) => ({ type: "copyPython", id, matrices }));
  }

  /**
   * Asks for the spectrum of a freshly drawn matrix; null where nothing fresh compares with this one.
   *
   * @throws Error with the host's sentence where it cannot be computed.
   */
  draw(matrix: string, seed: number): Promise<DrawnSpectrum | null> {
    return this.#ask((id) => ({ type: "draw", id, matrix, seed })) as Promise<DrawnSpectrum | null>;
  }

  /**
   * Computes products of weights.
   *
   * @throws Error with the host's sentence where they cannot be computed, or once the signal is aborted.
   */
  products(
    which: ProductChoice,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
  ): Promise<readonly ProductResult[]> {
    return this.#ask((id) => ({ type: "products", id, which }), options) as Promise<readonly ProductResult[]>;
  }

  #ask(
    request: (id: number) => Request,
    { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: (progress: Progress) => void } = {},
  ): Promise<Answer> {
    this.#requests += 1;
    const id = this.#requests;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, ...(onProgress === undefined ? {} : { onProgress }) });
      signal?.addEventListener("abort", () => {
        if (!this.#pending.delete(id)) return;
        this.send({ type: "cancelRequest", request: id });
        reject(new Error("cancelled"));
      });
      this.#api.postMessage(request(id));
    });
  }

  get memory(): unknown {
    return this.#api.getState();
  }

  remember(state: unknown): void {
    this.#api.setState(state);
  }
}
