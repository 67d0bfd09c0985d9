import { watch, type FSWatcher } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Range } from "vscode-languageserver";
import { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import type { AnalysisPreferences } from "../analysis/policy.ts";
import { outlineOf, type Outline } from "./outline.ts";
import { indexPlaces } from "./places.ts";

/** Writers write in many steps; a file is read again when it has been quiet for so long. */
const quietTime = 700;

/**
 * A checkpoint that something holds open: a view, or a text document. It knows where its tensors are written and
 * notices when its files change.
 */
export class Session {
  readonly path: string;
  readonly holders = new Map<string, number>();
  analysis: CheckpointAnalysis;
  #outline: Outline | null = null;
  /** Of the `weight_map` keys in the index on disk. */
  indexRanges: ReadonlyMap<string, Range> = new Map();
  readonly #watcher: FSWatcher | null;
  #changeTimer: NodeJS.Timeout | null = null;

  private constructor(analysis: CheckpointAnalysis, onChange: () => void) {
    this.analysis = analysis;
    this.path = analysis.catalogue.path;
    this.#watcher = this.#watch(onChange);
  }

  /** Written when somebody first asks: a view of a long checkpoint does not wait for it. */
  get outline(): Outline {
    this.#outline ??= outlineOf(this.analysis.catalogue);
    return this.#outline;
  }

  /** @param onChange the files on disk are no longer those that were read */
  static async open(analysis: CheckpointAnalysis, onChange: () => void): Promise<Session> {
    const session = new Session(analysis, onChange);
    session.indexRanges = await indexPlaces(analysis.catalogue);
    return session;
  }

  /** Reads the headers again after a change, of the files or of what names mean. */
  async reload(preferences: AnalysisPreferences): Promise<void> {
    await this.analysis.close();
    this.analysis = await CheckpointAnalysis.open(this.path, preferences);
    this.#outline = null;
    this.indexRanges = await indexPlaces(this.analysis.catalogue);
  }

  async close(): Promise<void> {
    this.#watcher?.close();
    if (this.#changeTimer !== null) {
      clearTimeout(this.#changeTimer);
    }
    await this.analysis.close();
  }

  #watch(onChange: () => void): FSWatcher | null {
    try {
      return watch(dirname(this.path), { persistent: false }, () => {
        if (this.#changeTimer !== null) {
          clearTimeout(this.#changeTimer);
        }
        this.#changeTimer = setTimeout(() => {
          void this.#changed().then((changed) => {
            if (changed) {
              onChange();
            }
          });
        }, quietTime);
      });
    } catch {
      // A folder that cannot be watched (some network mounts) is still worth showing.
      return null;
    }
  }

  async #changed(): Promise<boolean> {
    for (const file of this.analysis.checkpoint.files) {
      const now = await stat(file.path).catch(() => null);
      if (now?.size !== file.size || now.mtimeMs !== file.modified) {
        return true;
      }
    }
    if (await this.analysis.settingsFileChanged()) {
      return true;
    }
    // A shard that was missing may have come.
    return this.analysis.checkpoint.problems.some(({ severity }) => severity === "error");
  }
}
