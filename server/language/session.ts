import { t } from "../text/l10n.ts";
import { watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import type { Range } from "vscode-languageserver";
import { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import type { AnalysisPreferences } from "../analysis/policy.ts";
import type { Sliced } from "../collections/sliced.ts";
import { fileVersion } from "../checkpoint/file.ts";
import { outlineOf, outlining, type Outline } from "./outline.ts";
import { indexPlaces } from "./places.ts";

/** Writers write in many steps; a file is read again when it has been quiet for so long. */
const quietTime = 700;
/** Folders on other machines do not tell of changes, and links lead out of the folder: files are looked at this often too. */
const lookInterval = 2000;

/**
 * A checkpoint that something holds open: a view, or a text document. It knows where its tensors are written and
 * notices when its files change.
 */
export class Session {
  readonly path: string;
  readonly holders = new Map<string, number>();
  analysis: CheckpointAnalysis;
  #outline: Outline | null = null;
  /** Of the `weight_map` keys in the index on disk; empty until they are found. */
  indexRanges: ReadonlyMap<string, Range> = new Map();
  /** Called when it is known where keys stand in the index. */
  onPlaces: () => void = () => undefined;
  readonly #watcher: FSWatcher | null;
  readonly #onChange: (reason: string | null) => void;
  readonly #lookTimer: NodeJS.Timeout;
  #changeTimer: NodeJS.Timeout | null = null;
  /** Of the index or the single file when it was read. */
  #version: string | null = null;
  #reloads = 0;
  #closed = false;

  private constructor(analysis: CheckpointAnalysis, onChange: (reason: string | null) => void) {
    this.analysis = analysis;
    this.path = analysis.catalogue.path;
    this.#onChange = onChange;
    this.#watcher = this.#watch();
    let looking = false;
    this.#lookTimer = setInterval(() => {
      if (looking) return;
      looking = true;
      void this.#lookAround().finally(() => {
        looking = false;
      });
    }, lookInterval).unref();
  }

  /** Written when somebody first asks: a view of a long checkpoint does not wait for it. */
  get outline(): Outline {
    this.#outline ??= outlineOf(this.analysis.catalogue);
    return this.#outline;
  }

  /** As {@link outline}, written in slices where it is not there yet. */
  *outlining(): Sliced<Outline> {
    const { analysis } = this;
    const outline = this.#outline ?? (yield* outlining(analysis.catalogue));
    // It may have been read again meanwhile.
    if (this.analysis === analysis) this.#outline = outline;
    return outline;
  }

  /** @param onChange the files on disk are no longer those that were read; `reason`: how, in one sentence, if it is known */
  static async open(analysis: CheckpointAnalysis, onChange: (reason: string | null) => void): Promise<Session> {
    const session = new Session(analysis, onChange);
    session.#version = ownVersion(analysis) ?? (await fileVersion(session.path));
    session.#findIndexPlaces();
    return session;
  }

  /**
   * Reads the headers again after a change, of the files or of what names mean.
   * @returns false where that was begun again meanwhile, or the session was closed
   */
  async reload(preferences: AnalysisPreferences): Promise<boolean> {
    const turn = ++this.#reloads;
    await this.analysis.close();
    const version = await fileVersion(this.path);
    const analysis = await CheckpointAnalysis.open(this.path, preferences);
    if (turn !== this.#reloads || this.#isClosed()) {
      await analysis.close();
      return false;
    }
    this.analysis = analysis;
    this.#version = ownVersion(analysis) ?? version;
    this.#outline = null;
    this.#findIndexPlaces();
    return true;
  }

  /** A view of a long checkpoint does not wait for it. */
  #findIndexPlaces(): void {
    const { analysis } = this;
    this.indexRanges = new Map();
    void indexPlaces(analysis.catalogue).then((ranges) => {
      if (this.analysis !== analysis || this.#closed || ranges.size === 0) return;
      this.indexRanges = ranges;
      this.onPlaces();
    });
  }

  /** Looks at the files soon: they are said to have changed. */
  look(): void {
    if (this.#changeTimer !== null) {
      clearTimeout(this.#changeTimer);
    }
    this.#changeTimer = setTimeout(() => {
      void this.#tell();
    }, quietTime);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher?.close();
    clearInterval(this.#lookTimer);
    if (this.#changeTimer !== null) {
      clearTimeout(this.#changeTimer);
    }
    await this.analysis.close();
  }

  // A method, because what an `await` lets happen is unknown to control flow analysis.
  #isClosed(): boolean {
    return this.#closed;
  }

  #watch(): FSWatcher | null {
    try {
      const watcher = watch(dirname(this.path), { persistent: false }, () => {
        this.look();
      });
      // A folder that is removed cannot be watched any more; its files are looked at all the same.
      watcher.on("error", () => {
        watcher.close();
      });
      return watcher;
    } catch {
      // A folder that cannot be watched (some network mounts) is still worth showing.
      return null;
    }
  }

  async #lookAround(): Promise<void> {
    await this.analysis.follow();
    if ((await this.#changedFile()) !== null) this.look();
  }

  async #tell(): Promise<void> {
    const file = await this.#changedFile();
    if (file !== null) {
      const name = basename(file.path);
      this.#say(
        file.now === null ? t("{0} is not there any more.", name) : t("{0} changed on disk and was read again.", name),
      );
    } else if (await this.analysis.settingsFileChanged()) {
      this.#say(t("The settings beside {0} changed and were read again.", basename(this.path)));
    } else if (this.analysis.checkpoint.problems.some(({ severity }) => severity === "error")) {
      // A shard that was missing may have come.
      this.#say(null);
    }
  }

  #say(reason: string | null): void {
    if (!this.#closed) this.#onChange(reason);
  }

  async #changedFile(): Promise<{ readonly path: string; readonly now: string | null } | null> {
    const own = { path: this.path, version: this.#version };
    for (const { path, version } of [own, ...this.analysis.checkpoint.files]) {
      const now = await fileVersion(path);
      if (now !== version) return { path, now };
    }
    return null;
  }
}

/** Of a checkpoint that is a single file that could be read. */
function ownVersion({ checkpoint: { files, path } }: CheckpointAnalysis): string | null {
  return files.find((file) => file.path === path)?.version ?? null;
}
