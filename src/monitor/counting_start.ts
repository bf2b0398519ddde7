/**
 * When what a monitor counts began, for series that do not tell it themselves.
 *
 * @module
 */

import type { Snapshot } from "./monitor.ts";

/** A beginning that is told once, and is the same from then on: a series whose start moves would be taken for another. */
export class CountingStart {
  #unixSeconds: number | undefined;

  /**
   * Tells it, as Unix time in seconds: that of the process, else of the isolate, else the first time that it was asked.
   */
  at({ process, uptimeSeconds = 0 }: Pick<Snapshot, "process" | "uptimeSeconds">, unixSeconds: number): number {
    return this.#unixSeconds ??= process?.startUnixSeconds ?? unixSeconds - uptimeSeconds;
  }
}
