/** What can stand between a person and their results, in one sentence each, with what to do about it. */
import { minimumMajor, type RuntimeSource, type SelfTestFailure } from "./runtime.ts";

export interface Explanation {
  /** One sentence. */
  readonly message: string;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
}

/** Translates a sentence and puts its arguments in place of `{0}`, `{1}`: `vscode.l10n.t` where there is an editor. */
export type Translate = (message: string, ...values: (string | number)[]) => string;

/** An executable that was tried, and why it is not the one. */
export interface Rejected {
  readonly source: RuntimeSource;
  readonly executable: string;
  readonly reason: "missing" | "does-not-start" | "not-node" | "electron" | "too-old";
  /** The version or the system's message; empty where there is none. */
  readonly detail: string;
}

/** Nothing that was tried can run the server. */
export function noRuntime(rejected: readonly Rejected[], t: Translate): Explanation {
  const old = rejected.find((one) => one.reason === "too-old");
  const remedy = t(
    "Install Node.js {0} or newer, or name one in the setting safetensorsSpectrum.runtime, then run “Safetensors Spectrum: Restart Server”.",
    minimumMajor,
  );
  const message =
    old === undefined
      ? t("No Node.js was found to run the analysis server.")
      : t(
          "The only Node.js found is version {0} ({1}), too old to run the analysis server.",
          old.detail,
          old.executable,
        );
  return { message, remedy };
}

/** Why one executable was passed over. */
export function rejection(one: Rejected, t: Translate): string {
  switch (one.reason) {
    case "missing":
      return t("{0} does not exist.", one.executable);
    case "does-not-start":
      return t("{0} does not start: {1}", one.executable, one.detail);
    case "not-node":
      return t("{0} is not Node.js.", one.executable);
    case "electron":
      return t("{0} is Electron {1}, which cannot read results from the GPU.", one.executable, one.detail);
    case "too-old":
      return t("{0} is Node.js {1}, older than {2}.", one.executable, one.detail, minimumMajor);
  }
}

/** The server ended again and again. */
export function keepsCrashing(times: number, t: Translate): Explanation {
  return {
    message: t(
      "The analysis server ended unexpectedly {0} times within three minutes and was not started again.",
      times,
    ),
    remedy: t("The log says why; “Safetensors Spectrum: Restart Server” tries again."),
  };
}

/** The server was started but never answered. */
export function didNotStart(executable: string, detail: string, t: Translate): Explanation {
  return {
    message: t("The analysis server did not start on {0}: {1}.", executable, detail.replace(/\.$/u, "")),
    remedy: t("The log says more; “Safetensors Spectrum: Restart Server” tries again."),
  };
}

/** What to do when the self-test of a Node fails and the test itself does not say. */
export function selfTestRemedy(failure: SelfTestFailure, platform: NodeJS.Platform, t: Translate): string {
  switch (failure) {
    case "no-loader":
      return platform === "linux"
        ? t(
            "Install the Vulkan loader and a driver, on Debian and Ubuntu the packages libvulkan1 and mesa-vulkan-drivers.",
          )
        : t("Install the newest driver of the graphics card.");
    case "no-adapter":
      return platform === "linux"
        ? t("Install the driver of the graphics card, or the package mesa-vulkan-drivers to compute in software.")
        : t("Install the newest driver of the graphics card.");
    case "adapter-too-small":
      return t("Name another adapter in the setting safetensorsSpectrum.adapter.");
    case "no-dawn":
      return t(
        "Install the extension that is built for this platform, or name another Node.js in the setting safetensorsSpectrum.runtime.",
      );
    case "crashed":
    case "timeout":
      return t(
        "Update the driver of the graphics card, or name another adapter in the setting safetensorsSpectrum.adapter.",
      );
  }
}
