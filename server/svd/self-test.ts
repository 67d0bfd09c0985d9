import { t } from "../text/l10n.ts";
import { EngineUnavailable, openDevice, type Gpu } from "../gpu/device.ts";
import type { MissingPart } from "../gpu/engine-unavailable.ts";
import { readBack } from "../gpu/readback.ts";

export type SelfTest =
  | ({ readonly ok: true } & Gpu["description"])
  | { readonly ok: false; readonly code: MissingPart; readonly message: string; readonly remedy: string };

/**
 * Whether this process can compute: opens the adapter whose name contains `adapter` (empty: the fastest), sends it four
 * numbers and reads them back, which some runtimes do not allow. What a broken driver does to the process beyond that,
 * its parent has to see.
 */
export async function kernelsWork(adapter: string): Promise<SelfTest> {
  try {
    const { device, description, failure } = await openDevice(adapter);
    const sent = Uint32Array.of(1, 2, 3, 4);
    const buffer = device.createBuffer({
      label: "self-test",
      size: sent.byteLength,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(buffer, 0, sent);
    const returned = new Uint32Array(await failure.race(readBack(device, buffer)));
    if (returned.join() !== sent.join()) throw new Error(t("it returned {0} for {1}", returned.join(), sent.join()));
    return { ok: true, ...description };
  } catch (error) {
    if (error instanceof EngineUnavailable) {
      return { ok: false, code: error.code, message: error.message, remedy: error.remedy };
    }
    const message = t(
      "The graphics adapter does not work: {0}.",
      error instanceof Error ? error.message : String(error),
    );
    return { ok: false, code: "no-adapter", message, remedy: t("Update the graphics driver.") };
  }
}
