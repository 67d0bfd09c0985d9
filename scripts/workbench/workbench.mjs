// @ts-check
/**
 * A VS Code workbench in a headless browser, as a user sees it: opened, clicked and photographed by page tests and by
 * the script that makes the README's pictures.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { ensureChromium } from "../setup/chromium.mjs";
import { root } from "../setup/root.mjs";
import {
  installExtension,
  installVsCodeServer,
  quietSettings,
  remoteUri,
  startVsCodeServer,
  workbenchUrl,
  writeSettings,
} from "../setup/vscode-server.mjs";

/** @typedef {import("../setup/vscode-server.mjs").VsCodeVersion} VsCodeVersion */

/**
 * Where a workbench can be opened: a server with its own data, whose extensions are installed.
 * @typedef {object} Host
 * @property {string} url
 * @property {string} authority
 * @property {string} token
 * @property {string} dataFolder
 * @property {VsCodeVersion} version
 * @property {string} [vsix] the extension that is installed
 */

/**
 * Starts a server of a version with fresh data and, if one is given, an extension installed in it.
 * @param {{ version: VsCodeVersion, vsix?: string, env?: NodeJS.ProcessEnv, trust?: boolean }} options `trust`: folders
 *   have to be trusted
 * @returns {Promise<Host & { stop(): Promise<void> }>}
 */
export async function startHost({ version, vsix, env = {}, trust = false }) {
  const installed = await installVsCodeServer(version);
  const dataFolder = mkdtempSync(join(tmpdir(), "vscode-data-"));
  const removeData = () => rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  try {
    if (vsix !== undefined) await installExtension(installed, dataFolder, resolve(root, vsix));
    // The newest tells a page only then how the tests in its extension host ended; the oldest then refuses dialogs.
    const driver = version === "newest";
    const server = await startVsCodeServer(installed, { dataFolder, env, settings: quietSettings, trust, driver });
    return {
      ...server,
      version,
      ...(vsix === undefined ? {} : { vsix }),
      stop: async () => {
        await server.stop();
        removeData();
      },
    };
  } catch (error) {
    removeData();
    throw error;
  }
}

/** The host that the test runner started for page tests, handed over in this variable. */
export const hostVariable = "SPECTRUM_WORKBENCH";

/** @returns {Host | undefined} */
function givenHost() {
  const text = process.env[hostVariable];
  return text === undefined ? undefined : JSON.parse(text);
}

/** @param {{ width: number, height: number }} viewport */
async function openPage(viewport) {
  const browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
  });
  const context = await browser.newContext({ viewport });
  return { browser, page: await context.newPage() };
}

/**
 * @typedef {object} WorkbenchOptions
 * @property {string} [folder] the folder to open
 * @property {string} [file] a file to open in it
 * @property {Host} [host] the runner's unless told otherwise; without either a server of its own is started
 * @property {VsCodeVersion} [version] of the server of its own; the newest unless told otherwise
 * @property {string} [vsix] installed in the server of its own
 * @property {boolean} [trust] folders have to be trusted: in a server of its own
 * @property {string} [developmentPath] an extension to load from its folder instead
 * @property {Record<string, unknown>} [settings] on top of the quiet ones
 * @property {{ width: number, height: number }} [viewport]
 */

/**
 * Opens a workbench and waits until its extensions are known.
 * @param {WorkbenchOptions} options
 * @returns {Promise<Workbench>}
 */
export async function openWorkbench(options) {
  const given = options.host ?? givenHost();
  const { version = "newest", vsix } = given ?? options;
  const own =
    given === undefined || options.trust === true
      ? await startHost({ version, ...(vsix === undefined ? {} : { vsix }), trust: options.trust === true })
      : undefined;
  const host = own ?? /** @type {Host} */ (given);
  try {
    writeSettings(host.dataFolder, { ...quietSettings, ...options.settings });
    const { browser, page } = await openPage(options.viewport ?? { width: 1280, height: 800 });
    const workbench = new Workbench(host, browser, page, async () => {
      await own?.stop();
    });
    try {
      await page.goto(
        workbenchUrl(host, {
          ...(options.folder === undefined ? {} : { folder: resolve(options.folder) }),
          payload: [
            ["skipWelcome", "true"],
            ...(options.developmentPath === undefined
              ? []
              : [
                  /** @type {[string, string]} */ ([
                    "extensionDevelopmentPath",
                    remoteUri(host, options.developmentPath),
                  ]),
                ]),
          ],
        }),
      );
      await workbench.loaded();
      if (options.file !== undefined) await workbench.openFile(options.file);
      return workbench;
    } catch (error) {
      await workbench.close();
      throw error;
    }
  } catch (error) {
    await own?.stop();
    throw error;
  }
}

/** One window of VS Code. */
export class Workbench {
  /**
   * @param {Host} host
   * @param {import("playwright-core").Browser} browser
   * @param {import("playwright-core").Page} page
   * @param {() => Promise<void>} stop
   */
  constructor(host, browser, page, stop) {
    this.host = host;
    this.browser = browser;
    this.page = page;
    this.stop = stop;
    /** @type {string[]} what the page and the extension host wrote to the console, for the report of a failure */
    this.messages = [];
    page.on("console", (message) => this.messages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.messages.push(`page error: ${error.message}`));
  }

  /**
   * Until VS Code's own mark of the moment from which it knows what extensions contribute, and until it had nothing else to
   * do: then it makes their editors of that. Before, their files open as text.
   */
  async loaded() {
    await this.page.waitForFunction(
      () => performance.getEntriesByName("code/didLoadExtensions").length > 0,
      undefined,
      {
        timeout: 60_000,
      },
    );
    await this.page.evaluate(() => new Promise((done) => requestIdleCallback(() => done(undefined))));
  }

  /** Loads the window again. */
  async reload() {
    await this.page.reload();
    await this.loaded();
  }

  /**
   * Opens a file in the editor that VS Code chooses for it, by Go to File with its full path.
   * @param {string} path
   */
  async openFile(path) {
    await this.#pick("Control+P", resolve(path), basename(path));
    await this.tab(basename(path)).waitFor();
  }

  /**
   * Runs a command from the palette.
   * @param {string} title as the palette shows it, with its category
   */
  async runCommand(title) {
    await this.#pick("F1", `>${title}`, title);
  }

  /**
   * Chooses a row in the quick input, again where the starting workbench takes the focus away in the middle of it.
   * @param {string} key opens the quick input
   * @param {string} text
   * @param {string} label of the row
   */
  async #pick(key, text, label) {
    const input = this.page.locator(".quick-input-widget input").first();
    const row = this.page.locator(".quick-input-list .monaco-list-row", { hasText: label }).first();
    for (let attempt = 1; ; attempt++) {
      const timeout = 1500 * attempt;
      try {
        await this.page.keyboard.press(key);
        await input.fill(text, { timeout });
        await row.click({ timeout });
        // What was chosen may ask something else in the same place.
        await row.waitFor({ state: "hidden", timeout });
        return;
      } catch (error) {
        if (attempt === 6) throw error;
        await this.page.keyboard.press("Escape");
      }
    }
  }

  /**
   * The tab of an editor by its label.
   * @param {string} label
   */
  tab(label) {
    return this.page.locator(".tabs-container .tab", { hasText: label }).first();
  }

  /** The document inside the visible webview: locate what the extension shows in it. */
  webviewFrame() {
    return this.page.frameLocator("iframe.webview.ready >> visible=true").frameLocator("#active-frame");
  }

  /**
   * Photographs the window.
   * @param {string} path
   */
  async screenshot(path) {
    mkdirSync(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
  }

  /** What can be read in the window and in the visible webview: a failure is often told by it. */
  async shownText() {
    const texts = [this.page.locator("body"), this.webviewFrame().locator("body")].map((body) =>
      body.innerText({ timeout: 1000 }).then(
        (text) => text.replace(/\s+/gu, " ").slice(0, 1500),
        () => "nothing",
      ),
    );
    const [page, webview] = await Promise.all(texts);
    return `The window says: ${page}\nThe webview says: ${webview}`;
  }

  async close() {
    await this.browser.close();
    await this.stop();
  }
}

/**
 * Opens a workbench for a test. When the test fails, a picture is left under `dist/test/failures/`, and what the window
 * and the visible webview say is printed with the console's messages.
 * @param {WorkbenchOptions & { name: string }} options
 * @param {(workbench: Workbench) => Promise<void>} body
 */
export async function withWorkbench(options, body) {
  const workbench = await openWorkbench(options);
  try {
    await body(workbench);
  } catch (error) {
    const picture = join(root, "dist/test/failures", `${options.name.replace(/\W+/g, "-")}.png`);
    await workbench.screenshot(picture).catch(() => undefined);
    console.error(`Picture: ${picture}\n${await workbench.shownText()}\n${workbench.messages.slice(-40).join("\n")}`);
    throw error;
  } finally {
    await workbench.close();
  }
}

/**
 * Runs a test module in the extension host of a page, as `@vscode/test-electron` does in the desktop's.
 * @param {Host} host
 * @param {{ folder: string, developmentPath: string, testsPath: string, timeout: number }} options `testsPath`: a module
 *   that exports `run`; `developmentPath`: VS Code wants an extension under development to run tests for
 * @returns {Promise<number>} 0 when `run` was fulfilled
 */
export async function runInExtensionHost(host, { folder, developmentPath, testsPath, timeout }) {
  const { browser, page } = await openPage({ width: 1280, height: 800 });
  /** @type {string[]} */
  const messages = [];
  try {
    /** @type {Promise<number>} */
    const ended = new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`The tests did not end within ${timeout / 1000} s.`)), timeout);
      page.on("crash", () => failed(new Error("The page crashed.")));
      void page.exposeFunction("codeAutomationLog", (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
        const text = args.map(String).join(" ");
        if (/^[✔✖]/u.test(text)) console.log(text);
        else messages.push(`${type}: ${text.slice(0, 500)}`);
      });
      void page.exposeFunction("codeAutomationExit", (/** @type {number} */ code) => {
        clearTimeout(timer);
        done(code);
      });
    });
    ended.catch(() => undefined);
    await page.goto(
      workbenchUrl(host, {
        folder: resolve(root, folder),
        payload: [
          ["extensionDevelopmentPath", remoteUri(host, developmentPath)],
          ["extensionTestsPath", remoteUri(host, testsPath)],
          ["skipWelcome", "true"],
        ],
      }),
    );
    const code = await ended;
    if (code !== 0) console.log(`What VS Code said:\n${messages.slice(-60).join("\n")}`);
    return code;
  } finally {
    await browser.close();
  }
}
