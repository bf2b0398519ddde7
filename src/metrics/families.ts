/**
 * The families of one core: made from the catalog, kept in its order, registered in its registry.
 *
 * @module
 */

import type { RegistryLike } from "./registry_like.ts";
import { Counter, Gauge } from "./counter.ts";
import { type CatalogEntry, findEntry } from "./entry.ts";
import type { Family, FamilyOptions } from "./family.ts";
import { Histogram } from "./histogram.ts";
import { LabelTexts } from "./label_texts.ts";
import { type Reading, Sampled } from "./sampled.ts";
import type { SlotMemory } from "./slot_storage.ts";

export interface FamilySettings {
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly maxLabelSets: number;
  /** Which histograms of durations keep exponential buckets as well: all of them, none, or those of these names. */
  readonly nativeHistograms?: boolean | readonly string[];
}

export interface FamiliesOptions extends FamilySettings {
  /** What can be made, in the order of the page. */
  readonly catalog: readonly CatalogEntry[];
  /** Where to register; undefined for families that only our own page shows. */
  readonly registry: RegistryLike | undefined;
  /** Is a family counted in and shown nowhere? */
  readonly isHidden?: (entry: CatalogEntry) => boolean;
  /** Called before somebody reads a family through prom-client's protocol. */
  readonly onCollect: () => void;
  /** What is refused where a name is taken, and what to do about it; `createMonitor` where it is absent. */
  readonly taken?: { readonly action: string; readonly advice: string };
  /** Called with a family's whole name each time a label set found no place of its own. */
  readonly onDrop: (family: string) => void;
  /** Where numbers are kept that other threads read as well; undefined while there is none. */
  readonly memory?: () => SlotMemory | undefined;
}

/** What a family has that its entry in the catalog has not. */
export interface FamilyOverrides {
  readonly name?: string;
  readonly help?: string;
  readonly labelNames?: readonly string[];
  /** The bounds of a histogram; none make a summary. */
  readonly buckets?: readonly number[];
  /** The most label sets, where that is not the monitor's limit. */
  readonly maxLabelSets?: number;
}

/** Makes families by their names in the catalog. */
export class Families {
  readonly #options: FamiliesOptions;
  /** The label values of all of them. */
  readonly texts: LabelTexts = new LabelTexts();
  /** By their whole names, each with its entry. */
  readonly #families = new Map<string, { readonly entry: CatalogEntry; readonly family: Family }>();
  #registered = false;

  constructor(options: FamiliesOptions) {
    this.#options = options;
  }

  counter(name: string, overrides: FamilyOverrides = {}): Counter {
    return this.#add(name, overrides, (...given) => new Counter(...given));
  }

  gauge(name: string, overrides: FamilyOverrides = {}): Gauge {
    return this.#add(name, overrides, (...given) => new Gauge(...given));
  }

  /** Makes a histogram, or a summary where the catalog gives no buckets. */
  histogram(name: string, overrides: FamilyOverrides = {}): Histogram {
    const { buckets = this.#entry(name).buckets ?? [] } = overrides;
    const { nativeHistograms: native = false } = this.#options;
    const isNative = typeof native === "boolean" ? native && name.endsWith("_seconds") : native.includes(name);
    return this.#add(name, overrides, (options, ...more) => new Histogram({ ...options, buckets, isNative }, ...more));
  }

  /** Makes a family that is read, not counted. */
  sampled(name: string, readings: () => Iterable<Reading>, beganAt?: number): void {
    const { type } = this.#entry(name);
    this.#add(name, {}, (options) => new Sampled(type === "counter" ? type : "gauge", options, readings, beganAt));
  }

  own(): Family[] {
    return this.#ordered((entry) => this.#isOwn(entry));
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

  unregister(): void {
    const { registry } = this.#options;
    for (const family of this.own()) {
      // A page of prom-client's in OpenMetrics has cut `_total` off the name; where the app registered that anew, it stands
      // under the short one.
      for (const name of new Set([family.title, family.name])) {
        if (registry?.getSingleMetric(name) === family) registry.removeSingleMetric(name);
      }
      family.name = family.title;
    }
    this.#registered = false;
  }

  fullName(name: string): string {
    return this.#entry(name).bare ? name : this.#options.prefix + name;
  }

  #add<Kind extends Family>(
    entryName: string,
    overrides: FamilyOverrides,
    make: (options: FamilyOptions, maxLabelSets: number, drop: () => void) => Kind,
  ): Kind {
    const entry = this.#entry(entryName);
    const { labels: staticLabels, onCollect, onDrop, memory } = this.#options;
    const {
      name = this.fullName(entryName),
      help = entry.help,
      labelNames = entry.labels,
      maxLabelSets = this.#options.maxLabelSets,
    } = overrides;
    if (this.#families.has(name)) throw new Error(`Cannot create monitor: two metrics are named "${name}"`);
    const family = make(
      { name, help, labelNames, aggregator: entry.aggregator, staticLabels, texts: this.texts },
      maxLabelSets,
      () => onDrop(name),
    );
    family.onCollect = onCollect;
    const isOwn = this.#isOwn(entry);
    if (isOwn && this.#registered) {
      this.#mustBeFree(family);
      this.#enter(family);
    }
    this.#families.set(name, { entry, family });
    if (isOwn) family.share(memory?.());
    return family;
  }

  #enter(family: Family): void {
    const { registry } = this.#options;
    if (!registry || registry.getSingleMetric(family.title) === family) return;
    family.name = family.title;
    registry.registerMetric(family as never);
  }

  #mustBeFree(family: Family): void {
    const { registry, taken } = this.#options;
    const present = registry?.getSingleMetric(family.title);
    if (present === undefined || present === family) return;
    const {
      action = "Cannot create monitor",
      advice = "choose another prefix or registry, or switch that group off with collect",
    } = taken ?? {};
    throw new Error(`${action}: the registry has a metric of its own named "${family.title}"; ${advice}`);
  }

  #entry(name: string): CatalogEntry {
    return findEntry(this.#options.catalog, name);
  }

  #isOwn(entry: CatalogEntry): boolean {
    return !isFallback(entry) && !this.#options.isHidden?.(entry);
  }

  #ordered(wanted: (entry: CatalogEntry) => boolean): Family[] {
    const { catalog } = this.#options;
    return [...this.#families.values()]
      .filter(({ entry }) => wanted(entry))
      .sort((a, b) => catalog.indexOf(a.entry) - catalog.indexOf(b.entry))
      .map(({ family }) => family);
  }
}

function isFallback(entry: CatalogEntry): boolean {
  return entry.bare === true && entry.group === "process";
}
