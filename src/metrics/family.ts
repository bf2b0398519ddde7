/**
 * What every family of metrics has: a name, a meaning, label sets in slots, and prom-client's collector protocol.
 *
 * @module
 */

import { unixNow } from "../runtime/clock.ts";
import { LabelTexts } from "./label_texts.ts";
import { escapeLabelValue, wellFormed } from "./label_value.ts";
import { roomFor, type SlotMemory } from "./slot_storage.ts";
import { mixed, SlotTable } from "./slot_table.ts";

/** The kinds of metric that the text formats know. */
export type MetricType = "counter" | "gauge" | "histogram" | "summary";

/** How prom-client's cluster aggregator joins the values of several workers. */
export type Aggregator = "sum" | "min" | "max" | "first";

/** What a family is, before it has any value. */
export interface FamilyOptions {
  /** The whole name, prefix included. */
  readonly name: string;
  /** What the metric means, in one or two sentences. */
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly aggregator: Aggregator;
  /** Labels with one value each, on every series of the family. */
  readonly staticLabels?: Readonly<Record<string, string>>;
  /** The texts that it shares with other families. */
  readonly texts?: LabelTexts;
}

/** One number of a family, as prom-client's protocol wants it. */
export interface SeriesValue {
  value: number;
  labels: Record<string, string>;
  /** The whole name of the series where it is not the family's, such as `http_request_duration_seconds_bucket`. */
  metricName?: string;
}

/** A family's answer in prom-client's protocol. */
export interface FamilyValues {
  name: string;
  help: string;
  type: MetricType;
  aggregator: Aggregator;
  values: SeriesValue[];
}

/**
 * A family of metrics. prom-client's registries, its cluster aggregator and its Pushgateway client take it for one of
 * their own; our page reads its slots directly.
 */
export abstract class Family {
  /** A writable property on purpose: prom-client's OpenMetrics page cuts `_total` off it for good. */
  name: string;
  /** The name that our own page uses, whatever prom-client did to the other one. */
  readonly title: string;
  readonly help: string;
  abstract readonly type: MetricType;
  readonly aggregator: Aggregator;
  readonly labelNames: readonly string[];
  readonly staticLabels: Readonly<Record<string, string>>;
  /** Called before values are read through prom-client's protocol, so that both pages show the same moment. */
  onCollect: (() => void) | undefined;

  constructor(options: FamilyOptions) {
    this.name = this.title = options.name;
    this.help = options.help;
    this.aggregator = options.aggregator;
    this.labelNames = options.labelNames;
    this.staticLabels = options.staticLabels ?? {};
  }

  /** Every number of the family, as fresh objects. */
  protected abstract values(): SeriesValue[];

  /** Sets what the family itself has counted back to zero; the series stay. */
  abstract reset(): void;

  /** Keeps numbers in memory that others read as well; what is read from samples keeps none. */
  share(_memory: SlotMemory | undefined): void {}

  /** Answers in prom-client's protocol. Never throws. */
  // deno-lint-ignore require-await -- prom-client declares it to answer a promise
  async get(): Promise<FamilyValues> {
    this.onCollect?.();
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.values() };
  }
}

/** Resolves label sets to slots: small whole numbers, counted up from 0. */
export class Slots {
  readonly #names: readonly string[];
  readonly #staticLabels: Readonly<Record<string, string>>;
  /** The static labels as they stand before all others. */
  readonly #staticText: string;
  readonly #max: number;
  readonly #overflow: () => void;
  readonly #texts: LabelTexts;
  /** The numbers of the texts of each slot's labels. */
  #ids = new Int32Array(0);
  readonly #table = new SlotTable();
  #createdAt: Float64Array | undefined;
  #size = 0;

  /** Makes an empty table; `dates` says whether it notes when each slot began. */
  constructor(
    { labelNames, staticLabels = {}, texts = new LabelTexts() }: FamilyOptions,
    max: number,
    overflow: () => void,
    dates = true,
  ) {
    this.#names = labelNames;
    this.#staticLabels = staticLabels;
    const before = Object.entries(staticLabels).filter(([name]) => !labelNames.includes(name));
    this.#staticText = labelText([], [], Object.fromEntries(before));
    this.#createdAt = dates ? new Float64Array(0) : undefined;
    this.#max = max;
    this.#overflow = overflow;
    this.#texts = texts;
  }

  get size(): number {
    return this.#size;
  }

  /** When each slot began, as Unix time in seconds; undefined where nobody wants to know. */
  get createdAt(): Float64Array | undefined {
    return this.#createdAt;
  }

  /** Finds the slot of a label set, or gives it the next one. */
  resolve(values: readonly string[]): number {
    const known = this.#find(values);
    if (known >= 0) return known;
    // Strings that are one and the same in UTF-8 are one series.
    const held = values.map(wellFormed);
    if (held.some((value, i) => value !== values[i])) return this.resolve(held);
    if (this.#size >= this.#max && values.some((value) => value !== overflowValue)) {
      this.#overflow();
      return this.resolve(values.map(() => overflowValue));
    }
    return this.#add(values);
  }

  /** Begins every slot anew: what they counted was set back to zero. */
  renew(): void {
    this.#createdAt?.fill(unixNow());
  }

  /** What stands between the braces for every slot. */
  get texts(): string[] {
    return Array.from({ length: this.#size }, (_, slot) => this.text(slot));
  }

  valuesOf(slot: number): string[] {
    const first = slot * this.#names.length;
    return this.#names.map((_, i) => this.#texts.text(this.#ids[first + i]!));
  }

  labels(slot: number): Record<string, string> {
    return labelsOf(this.#names, this.valuesOf(slot), this.#staticLabels);
  }

  /** Writes what stands between the braces for a slot, static labels included. */
  text(slot: number): string {
    let text = this.#staticText;
    for (let i = 0, at = slot * this.#names.length; i < this.#names.length; i++, at++) {
      const label = `${this.#names[i]}="${escapeLabelValue(this.#texts.text(this.#ids[at]!))}"`;
      text = text === "" ? label : `${text},${label}`;
    }
    return text;
  }

  /** Below 0 where there is none. */
  #find(values: readonly string[]): number {
    let hash = 0;
    for (const value of values) {
      const id = this.#texts.find(value);
      if (id < 0) return -1;
      hash = mixed(hash, id);
    }
    return this.#table.find(hash, (slot) => {
      const first = slot * values.length;
      return values.every((value, i) => this.#texts.text(this.#ids[first + i]!) === value);
    });
  }

  #add(values: readonly string[]): number {
    const slot = this.#size++;
    const width = values.length;
    this.#ids = roomFor(this.#ids, (slot + 1) * width);
    for (const [i, value] of values.entries()) this.#ids[slot * width + i] = this.#texts.id(value);
    this.#table.add(slot, (each) => this.#ids.subarray(each * width, (each + 1) * width).reduce(mixed, 0));
    if (this.#createdAt) {
      this.#createdAt = roomFor(this.#createdAt, slot + 1);
      this.#createdAt[slot] = unixNow();
    }
    return slot;
  }
}

/** The value of every label of the series in which label sets beyond the limit are counted. */
export const overflowValue = "_other";

export function labelsOf(
  names: readonly string[],
  values: readonly string[],
  staticLabels: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...staticLabels, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
}

/** Writes labels as they stand between the braces. */
export function labelText(
  names: readonly string[],
  values: readonly string[],
  staticLabels: Readonly<Record<string, string>>,
): string {
  return Object.entries(labelsOf(names, values, staticLabels))
    .map(([name, value]) => `${name}="${escapeLabelValue(value)}"`)
    .join(",");
}
