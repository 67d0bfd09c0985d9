/** The environment of the server and of its GPU process. */
import { mkdirSync } from "node:fs";

/**
 * The extension host's environment with what graphics drivers expect of a session.
 * @param runtimeFolder stands in for the session's runtime folder where there is none.
 */
export function serverEnvironment(runtimeFolder: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env };
  if (process.platform === "linux" && (environment["XDG_RUNTIME_DIR"] ?? "") === "") {
    // Mesa's software driver complains on stderr without one, and remote hosts rarely set it.
    mkdirSync(runtimeFolder, { recursive: true, mode: 0o700 });
    environment["XDG_RUNTIME_DIR"] = runtimeFolder;
  }
  return environment;
}
