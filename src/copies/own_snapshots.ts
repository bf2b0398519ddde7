/**
 * What a copy shows by itself: as long as it lives with the app's own metrics, and at its end, when there is no time to ask
 * anybody, with these as they were told last.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { type FamilySnapshot, takeSnapshot } from "../gather/family_snapshot.ts";
import type { Gathered } from "../gather/gather.ts";
import type { MonitorAccess } from "../monitor/access.ts";

export class OwnSnapshots {
  readonly #core: Core;
  readonly #access: MonitorAccess;
  readonly #seconds: number;
  #foreign: readonly FamilySnapshot[] = [];
  #labels: Gathered["labels"] = {};
  #hasEnded = false;

  /** `seconds` is how long each metric of the app's own may take. */
  constructor(core: Core, access: MonitorAccess, seconds: number) {
    this.#core = core;
    this.#access = access;
    this.#seconds = seconds;
  }

  /** Takes one; `taken` is called at the moment of which our own numbers are. */
  async take(taken: () => void): Promise<Gathered> {
    if (this.#hasEnded) return this.last();
    const own = await this.#access.gather({
      timeoutSeconds: this.#seconds,
      longestSeconds: this.#seconds,
      isAlone: true,
      remembers: true,
      taken,
    });
    this.#foreign = own.families.filter(({ isForeign }) => isForeign);
    this.#labels = own.labels;
    return own;
  }

  last(): Gathered {
    this.#hasEnded = true;
    const core = this.#core;
    core.refresh();
    const own = [...core.families(), ...core.fallbackFamilies()].map(takeSnapshot);
    return { families: [...own, ...this.#foreign], labels: this.#labels };
  }
}
