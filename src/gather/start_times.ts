/**
 * When the series of an app's own metrics began: their clients do not say it.
 *
 * Of a metric that is looked at for the first time all that is known is that the process has started before. Of a label
 * set that was not there at the look before, that it began since then; one that a reset made anew is another object.
 *
 * @module
 */

/** Remembers which label sets were seen when. */
export class StartTimes {
  readonly #startUnixSeconds: number | undefined;
  /** When each metric was looked at last. */
  readonly #looks = new WeakMap<object, number>();
  /** When each label set began at the latest, by the object that its client keeps of it. */
  readonly #began = new WeakMap<object, number>();

  /** Makes one for a process that has started then; undefined where that is not known. */
  constructor(startUnixSeconds: number | undefined) {
    this.#startUnixSeconds = startUnixSeconds;
  }

  /**
   * Begins a look at a metric, before its label sets are listed. Returns what tells of each when it began; undefined where
   * nothing is known.
   */
  look(metric: object): ((entry: object) => number) | undefined {
    const before = this.#looks.get(metric) ?? this.#startUnixSeconds;
    if (before === undefined) return undefined;
    const now = Date.now() / 1000;
    // What came since a look within the same millisecond is younger than what was there then.
    this.#looks.set(metric, now <= before && before - now < 0.001 ? before + 1e-6 : now);
    return (entry) => {
      const began = this.#began.get(entry);
      if (began === undefined) this.#began.set(entry, before);
      return began ?? before;
    };
  }
}
