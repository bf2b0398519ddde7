/**
 * The places of scrapes at once.
 *
 * @module
 */

/**
 * A scraper that has not asked for more for so long, in seconds, is taken for gone. Prometheus waits no longer for a whole
 * page by default, and Bun's server closes a connection after the same time.
 */
export const idleSeconds = 10;

/** So long after it began a page is of use to nobody, in seconds, however slowly somebody still reads it. */
export const longestSeconds = 300;

export interface Place {
  /** Until when the scrape may show no sign of life, by the clock of the places. */
  aliveUntil: number;
  /** Gives the place back; safe to call twice. */
  free(): void;
}

/**
 * Places, of which there are few. Each comes back when its scrape ends; one whose scrape shows no sign of life goes to the
 * next that needs one, also where no timer could end the other.
 */
export class Places {
  readonly #most: number;
  readonly #taken = new Set<Place>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a place; returns undefined when every place is taken. */
  take(now: number): Place | undefined {
    if (this.#taken.size >= this.#most) {
      for (const each of this.#taken) if (each.aliveUntil < now) this.#taken.delete(each);
      if (this.#taken.size >= this.#most) return undefined;
    }
    // Every metric's answer has a limit of at most five minutes, so no page takes longer to begin than two of these.
    const place: Place = { aliveUntil: now + 2 * longestSeconds, free: () => void this.#taken.delete(place) };
    this.#taken.add(place);
    return place;
  }
}
