import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { isRunning } from "./running.ts";

/** A process that computes. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** No two processes have the same. */
  readonly id: string;
}

export const thisProcess: Owner = { host: hostname(), pid: process.pid, id: randomUUID() };

/** Who claims something says so again this often, in milliseconds. */
export const renewal = 30_000;
/** Who has said nothing for so long is taken for gone, whatever its process id belongs to by now. */
const patience = 3 * renewal;

/**
 * Whether a process may still be at work.
 * @param heard when it last said so, in milliseconds since the epoch
 */
export function isAtWork(owner: Owner, heard: number, now = Date.now()): boolean {
  return now - heard < patience && (owner.host !== thisProcess.host || isRunning(owner.pid));
}
