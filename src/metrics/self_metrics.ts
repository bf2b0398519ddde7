/**
 * What measuring itself did wrong, and what its pages cost.
 *
 * @module
 */

import { isThenable } from "../runtime/promise.ts";
import type { Counter } from "./counter.ts";
import type { Families } from "./families.ts";
import type { Histogram } from "./histogram.ts";
import type { Reading } from "./sampled.ts";

/** More than there are sources of our own, none of which may be lost among those of pools. */
const fewestSources = 20;

/** Counts what failed and what was dropped, and wraps what may throw. */
export class SelfMetrics {
  readonly #errors: Counter;
  readonly #dropped: Counter;
  readonly #scrapes: Histogram;
  readonly #scrapeBytes: Counter;
  #pageSeries: number | undefined;

  constructor(families: Families, maxLabelSets: number) {
    // Its label sets are the families' names. A limit on them would have to be counted here as well, without an end.
    this.#dropped = families.counter("metrics_dropped_label_sets_total", { maxLabelSets: Infinity });
    this.#errors = families.counter("metrics_errors_total", { maxLabelSets: Math.max(fewestSources, maxLabelSets) });
    this.#scrapes = families.histogram("metrics_scrape_duration_seconds");
    this.#scrapeBytes = families.counter("metrics_scrape_bytes_total");
    this.#scrapeBytes.slot();
  }

  /** Begins the count of a source's errors at 0, so that its first error is an increase. */
  expect(source: string): void {
    this.#errors.slot(source);
  }

  /** Counts an error of a source, which has one of few names. */
  fail(source: string): void {
    this.#errors.add(this.#errors.slot(source));
  }

  /** Counts a label set that found no place of its own in a family. */
  drop(family: string): void {
    this.#dropped.add(this.#dropped.slot(family));
  }

  /** Does what must not harm the app; what it throws, or rejects with, is counted and costs only its own series. */
  attempt<Value>(source: string, act: () => Value): Value | undefined {
    try {
      const value = act();
      if (isThenable(value)) value.then(() => {}, () => this.fail(source));
      return value;
    } catch {
      this.fail(source);
      return undefined;
    }
  }

  finishedPage(seconds: number, series: number, bytes: number): void {
    this.#scrapes.observe(this.#scrapes.slot(), seconds);
    this.#scrapeBytes.add(this.#scrapeBytes.slot(), bytes);
    this.#pageSeries = series;
  }

  /** How many series the newest page had; nothing before the first. */
  pageSeries(): readonly Reading[] {
    return this.#pageSeries === undefined ? [] : [[this.#pageSeries]];
  }
}
