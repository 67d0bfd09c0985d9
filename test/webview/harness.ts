/**
 * The editor's webview in headless Chromium, without VS Code: the real page with its policy, a theme's variables, and
 * this process in the extension host's place.
 */
import { build } from "esbuild";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { findChromium } from "../../scripts/setup/chromium.mjs";
import { editorHtml } from "../../media/html.ts";
import type { Answer, ToHost, ToView } from "../../media/protocol.ts";
import { packCatalogue } from "../../server/packing/catalogue.ts";
import type {
  AnalysisState,
  Catalogue,
  Estimate,
  MatrixDetail,
  MatrixSpectrum,
  MetricColumn,
  MetricKey,
} from "../../server/protocol.ts";
import type { Texts } from "../../server/text/l10n.ts";
import { analysisState, engine, resultOf } from "./checkpoints.ts";
import { themes, type ThemeName } from "./themes.ts";

const origin = "https://webview.test";

let bundle: Promise<ReadonlyMap<string, string>> | undefined;

/** editor.js and editor.css as scripts/build.mjs makes them, from the sources as they are. */
function bundled(): Promise<ReadonlyMap<string, string>> {
  bundle ??= build({
    entryPoints: ["media/editor.ts", "media/editor.css"],
    bundle: true,
    write: false,
    outdir: "/",
    platform: "browser",
    target: "es2023",
    format: "iife",
    logLevel: "warning",
  }).then(({ outputFiles }) => new Map(outputFiles.map(({ path, text }) => [path, text])));
  return bundle;
}

/** Headless Chromium, the one that is installed or that the variable CHROMIUM names. */
export async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium is installed, and the variable CHROMIUM names none");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
  });
}

export interface ViewOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** Whether things may move; not unless told otherwise, as someone may have asked the system for. */
  readonly motion?: boolean;
  /** Classes of the body besides those of the theme. */
  readonly classes?: readonly string[];
  /** What the page speaks; English unless told otherwise. */
  readonly language?: string;
  readonly texts?: Texts | undefined;
  /** Answers a request for a matrix; what it throws is sent back as the failure. */
  readonly matrix?: (id: string) => MatrixDetail | null | Promise<MatrixDetail | null>;
  /** Answers how long matrices take. */
  readonly estimate?: (matrices: readonly string[]) => Estimate;
  /** Answers a request for one metric of every matrix. */
  readonly metric?: (metric: MetricKey) => MetricColumn;
  /** Answers a request for several spectra. */
  readonly spectra?: (ids: readonly string[], points: number | null) => Promise<readonly MatrixSpectrum[]>;
  /** Answers every request that none of the others answers; what it throws is sent back as the failure. */
  readonly answer?: (request: Request) => Promise<Answer>;
}

/** What a view is opened on. */
export interface Shown {
  readonly catalogue: Catalogue;
  /** What is known of it so far. */
  readonly results: readonly MatrixDetail[];
  /** All that there is to know unless told otherwise. */
  readonly state?: AnalysisState;
}

type CatalogueMessage = Extract<ToView, { readonly type: "catalogue" }>;

/** What the extension host sends; a catalogue is packed on its way. */
export type Message =
  Exclude<ToView, CatalogueMessage> | (Omit<CatalogueMessage, "catalogue"> & { readonly catalogue: Catalogue });

/** A message that wants an answer. */
export type Request = Extract<ToHost, { readonly id: number }>;

type Fill = (this: CanvasRenderingContext2D, ...values: Parameters<CanvasRenderingContext2D["fillText"]>) => void;

/** What runs in the page before the editor: the interface that VS Code gives a webview, and an ear for what is drawn. */
interface Shim {
  /** Texts that were drawn on a canvas. */
  __drawn: string[];
  __toHost(message: ToHost): void;
  acquireVsCodeApi(): unknown;
}

export class View {
  readonly page: Page;
  /** Everything the editor has sent so far. */
  readonly posted: ToHost[] = [];
  /** Uncaught errors, and what the console called an error (violations of the policy are). */
  readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens the page; it has said `ready` when this returns. */
  static async open(browser: Browser, options: ViewOptions = {}): Promise<View> {
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      reducedMotion: options.motion === true ? "no-preference" : "reduce",
    });
    const page = await context.newPage();
    const view = new View(page);
    page.on("pageerror", (error) => view.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") view.errors.push(message.text());
    });
    await page.exposeFunction("__toHost", (message: ToHost) => view.#receive(message, options));

    const files = await bundled();
    const html = editorHtml({
      nonce: "dGVzdA",
      cspSource: origin,
      scriptUri: `${origin}/editor.js`,
      styleUri: `${origin}/editor.css`,
      title: "test",
      language: options.language ?? "en",
      texts: options.texts,
    });
    await page.route(`${origin}/**`, (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === "/") return route.fulfill({ contentType: "text/html", body: html });
      const body = files.get(pathname);
      if (body === undefined) return route.fulfill({ status: 404, body: "" });
      return route.fulfill({ contentType: pathname.endsWith(".css") ? "text/css" : "text/javascript", body });
    });
    const { classes, variables } = themes[options.theme ?? "dark"];
    await page.addInitScript(
      ({ classes: names, variables: values }) => {
        const shim = window as unknown as Shim;
        shim.acquireVsCodeApi = () => ({
          postMessage: (message: ToHost) => {
            shim.__toHost(message);
          },
          getState: () => JSON.parse(sessionStorage.getItem("state") ?? "null") as unknown,
          setState: (state: unknown) => {
            sessionStorage.setItem("state", JSON.stringify(state));
          },
        });
        shim.__drawn = [];
        const canvas = CanvasRenderingContext2D.prototype;
        const fillText = Object.getOwnPropertyDescriptor(canvas, "fillText")?.value as Fill;
        canvas.fillText = function (...values) {
          shim.__drawn.push(values[0]);
          fillText.apply(this, values);
        };
        document.addEventListener("DOMContentLoaded", () => {
          for (const [name, value] of Object.entries(values)) document.documentElement.style.setProperty(name, value);
          document.body.classList.add(...names);
        });
      },
      { classes: [...classes, ...(options.classes ?? [])], variables: { ...variables } },
    );
    await page.goto(`${origin}/`);
    await view.posts("ready");
    return view;
  }

  /** Opens the page on a checkpoint. */
  static async showing(
    browser: Browser,
    { state, results, ...shown }: Shown,
    options: ViewOptions = {},
  ): Promise<View> {
    const view = await View.open(browser, options);
    await view.send({
      type: "catalogue",
      catalogue: shown.catalogue,
      results: results.map(resultOf),
      state: state ?? analysisState("done", results.length, results.length),
      engine,
      file: 0,
    });
    await view.part("detail").locator("h2").first().waitFor();
    return view;
  }

  async #receive(message: ToHost, { matrix, metric, spectra, estimate, answer }: ViewOptions): Promise<void> {
    this.posted.push(message);
    if (message.type === "estimate" && estimate !== undefined) {
      await this.send({ type: "response", id: message.id, value: estimate(message.matrices) });
      return;
    }
    if (message.type === "metric" && metric !== undefined) {
      await this.send({ type: "response", id: message.id, value: metric(message.metric) });
      return;
    }
    if (message.type === "spectra" && spectra !== undefined) {
      await this.send({ type: "response", id: message.id, value: await spectra(message.matrices, message.points) });
      return;
    }
    if (!("id" in message)) return;
    const { id } = message;
    try {
      if (message.type === "matrix" && matrix !== undefined) {
        await this.send({ type: "response", id, value: await matrix(message.matrix) });
      } else if (answer !== undefined) {
        await this.send({ type: "response", id, value: await answer(message) });
      }
    } catch (error) {
      await this.send({ type: "failure", id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  async send(message: Message): Promise<void> {
    const sent: ToView =
      message.type === "catalogue" ? { ...message, catalogue: packCatalogue(message.catalogue) } : message;
    await this.page.evaluate((data) => {
      window.postMessage(data, "*");
    }, sent);
  }

  /** Hides and shows the editor: VS Code throws the page away and loads it again. */
  async reload(): Promise<void> {
    this.posted.length = 0;
    await this.page.reload();
    await this.posts("ready");
  }

  /** The first message of a kind that satisfies a condition, waiting for it a few seconds. */
  async posts<Type extends ToHost["type"]>(
    type: Type,
    condition: (message: Extract<ToHost, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<ToHost, { type: Type }>> {
    const isType = (message: ToHost): message is Extract<ToHost, { type: Type }> => message.type === type;
    return eventually(`a "${type}" message`, () => this.posted.filter(isType).find((message) => condition(message)));
  }

  /** The element with a `data-testid`. */
  part(testid: string): Locator {
    return this.page.getByTestId(testid);
  }

  /** The heading of the details, once it says this. */
  title(text: string | RegExp): Locator {
    const heading = this.part("detail").getByRole("heading", { level: 2 });
    return typeof text === "string"
      ? heading.and(this.page.getByText(text, { exact: true }))
      : heading.filter({ hasText: text });
  }

  /** The line of the tree that shows a tensor or a block. */
  row(name: string): Locator {
    return this.page.locator(`[data-testid="tree-row"][data-name=${JSON.stringify(name)}]`);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** The first value other than undefined and false that `look` returns; fails after five seconds. */
export async function eventually<Value>(
  what: string,
  look: () => Value | undefined | false | Promise<Value | undefined | false>,
): Promise<Value> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
