/**
 * The families of one core: made from the catalog, kept in its order, registered in its registry.
 *
 * @module
 */

import type { RegistryLike } from "../registry_like.ts";
import type { Sample } from "../sample.ts";
import { catalog, type CatalogEntry, catalogEntry } from "./catalog.ts";
import { Counter, Gauge } from "./counter.ts";
import type { Family, FamilyOptions } from "./family.ts";
import { Histogram } from "./histogram.ts";
import { type Reading, Sampled } from "./sampled.ts";

/** How families are made. */
export interface FamiliesOptions {
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly maxLabelSets: number;
  /** Where to register; undefined for families that only our own page shows. */
  readonly registry: RegistryLike | undefined;
  /** Called before somebody reads a family through prom-client's protocol. */
  readonly onCollect: () => void;
}

/** Makes families by their names in the catalog. */
export class Families {
  readonly #options: FamiliesOptions;
  readonly #families = new Map<string, Family>();
  readonly #dropped: Counter;
  #registered = false;

  /**
   * Makes an empty book, save for the counter of dropped label sets.
   *
   * @param options How families are made.
   */
  constructor(options: FamiliesOptions) {
    this.#options = options;
    // Its label sets are the catalog's names. A limit on them would have to be counted here as well, without an end.
    this.#dropped = this.#add(
      "metrics_dropped_label_sets_total",
      (options) => new Counter(options, Number.POSITIVE_INFINITY, () => {}),
    );
  }

  /**
   * Makes a counter.
   *
   * @param name Its name in the catalog.
   * @returns The counter, without a series.
   */
  counter(name: string): Counter {
    return this.#add(name, (options, drop) => new Counter(options, this.#options.maxLabelSets, drop));
  }

  /**
   * Makes a gauge.
   *
   * @param name Its name in the catalog.
   * @returns The gauge, without a series.
   */
  gauge(name: string): Gauge {
    return this.#add(name, (options, drop) => new Gauge(options, this.#options.maxLabelSets, drop));
  }

  /**
   * Makes a histogram, or a summary where the catalog gives no buckets.
   *
   * @param name Its name in the catalog.
   * @param buckets Other upper bounds than the catalog's.
   * @returns The histogram, without a series.
   */
  histogram(name: string, buckets: readonly number[] = catalogEntry(name).buckets ?? []): Histogram {
    return this.#add(name, (options, drop) => new Histogram({ ...options, buckets }, this.#options.maxLabelSets, drop));
  }

  /**
   * Makes a family that is read, not counted.
   *
   * @param entry Its entry in the catalog.
   * @param sample Answers the newest sample.
   * @param read Picks the numbers from it.
   */
  sampled(entry: CatalogEntry, sample: () => Sample, read: (sample: Sample) => Iterable<Reading>): void {
    const type = entry.type === "counter" ? "counter" : "gauge";
    this.#add(entry.name, (options) => new Sampled(type, options, sample, read));
  }

  /** Every registered family, in the order of the page. */
  own(): Family[] {
    return this.#ordered((entry) => !isFallback(entry));
  }

  /**
   * The families whose names every client uses. They are never registered, since an app's own `collectDefaultMetrics()`
   * would throw; the page writes each where the registry has no metric of that name.
   */
  fallback(): Family[] {
    return this.#ordered(isFallback);
  }

  /**
   * Registers every family, also those that are made later, and those that `register.clear()` has thrown out.
   *
   * @throws {Error} If the registry has a metric of the same name that is somebody else's; then none is registered.
   */
  register(): void {
    const own = this.own();
    for (const family of own) this.#mustBeFree(family);
    for (const family of own) this.#enter(family);
    this.#registered = true;
  }

  /** Takes every family out of the registry. */
  unregister(): void {
    const { registry } = this.#options;
    for (const family of this.own()) {
      if (registry?.getSingleMetric(family.title) === family) registry.removeSingleMetric(family.title);
    }
    this.#registered = false;
  }

  /**
   * Counts a label set that found no place of its own.
   *
   * @param name The family's name in the catalog.
   */
  drop(name: string): void {
    this.#dropped.add(this.#dropped.slot(this.#name(catalogEntry(name))));
  }

  #add<Kind extends Family>(name: string, make: (options: FamilyOptions, drop: () => void) => Kind): Kind {
    const entry = catalogEntry(name);
    const family = make({
      name: this.#name(entry),
      help: entry.help,
      labelNames: entry.labels,
      aggregator: entry.aggregator,
      staticLabels: this.#options.labels,
    }, () => this.drop(name));
    family.onCollect = this.#options.onCollect;
    if (this.#registered && !isFallback(entry)) {
      this.#mustBeFree(family);
      this.#enter(family);
    }
    this.#families.set(name, family);
    return family;
  }

  #enter(family: Family): void {
    const { registry } = this.#options;
    if (registry && registry.getSingleMetric(family.title) !== family) registry.registerMetric(family as never);
  }

  #mustBeFree(family: Family): void {
    const present = this.#options.registry?.getSingleMetric(family.title);
    if (present === undefined || present === family) return;
    throw new Error(
      `Cannot create monitor: the registry has a metric of its own named "${family.title}"; ` +
        "choose another prefix or registry, or switch that group off with collect",
    );
  }

  #name(entry: CatalogEntry): string {
    return entry.bare ? entry.name : this.#options.prefix + entry.name;
  }

  #ordered(wanted: (entry: CatalogEntry) => boolean): Family[] {
    return catalog.filter(wanted).flatMap((entry) => this.#families.get(entry.name) ?? []);
  }
}

function isFallback(entry: CatalogEntry): boolean {
  return entry.bare === true && entry.group === "process";
}
