import type { Adapter } from "../protocol.ts";
import { EngineUnavailable, namesIn, requestAdapter } from "./device.ts";

/** No adapter is called so: Dawn answers with the list of those that there are. */
const nobody = "\u0001";

/**
 * Every adapter of this machine, those that compute in software last.
 * @throws EngineUnavailable if there is none
 */
export async function listAdapters(): Promise<Adapter[]> {
  const found: Adapter[] = [];
  for (const name of await adapterNames()) {
    const adapter = await requestAdapter(name).catch(() => null);
    if (adapter === null) continue;
    const { description, device, isFallbackAdapter } = adapter.info;
    found.push({ name, description: description === "" ? device : description, software: isFallbackAdapter });
  }
  // A stable sort: drivers list the fastest first.
  return found.sort((a, b) => Number(a.software) - Number(b.software));
}

async function adapterNames(): Promise<string[]> {
  try {
    await requestAdapter(nobody);
  } catch (error) {
    const names = error instanceof EngineUnavailable ? namesIn(error.cause) : [];
    if (names.length > 0) return names;
  }
  // Where there is none, this says why.
  const { info } = await requestAdapter("");
  return [info.device];
}
