/**
 * What a copy tells when it ends, when there is no time to ask anybody.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { type FamilySnapshot, takeSnapshot } from "../gather/family_snapshot.ts";
import type { Gathered } from "../gather/gather.ts";

/** Makes the last snapshot. */
export class LastWords {
  readonly #core: Core;
  /** An app's own metrics have to be asked, and are told as they were when they were asked last. */
  #foreign: readonly FamilySnapshot[] = [];
  #labels: Gathered["labels"] = {};

  constructor(core: Core) {
    this.#core = core;
  }

  /** Notes what was told last. */
  took({ families, labels }: Gathered): void {
    this.#foreign = families.filter(({ isForeign }) => isForeign);
    this.#labels = labels;
  }

  /** Takes it. */
  now(): Gathered {
    const core = this.#core;
    core.refresh();
    const own = [...core.families(), ...core.fallbackFamilies()].map(takeSnapshot);
    return { families: [...own, ...this.#foreign], labels: this.#labels };
  }
}
