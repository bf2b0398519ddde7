/**
 * What every family of metrics has: a name, a meaning, label sets in slots, and prom-client's collector protocol.
 *
 * @module
 */

import { unixNow } from "../runtime/clock.ts";
import { escapeLabelValue, wellFormed } from "./label_value.ts";

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

  /** Makes a family without a series. */
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
  readonly #max: number;
  readonly #overflow: () => void;
  readonly #slots = new Map<string, number>();
  /** The label values of each slot. */
  readonly values: (readonly string[])[] = [];
  /** What stands between the braces for each slot, static labels included. */
  readonly texts: string[] = [];
  /** When each slot began, as Unix time in seconds. */
  readonly createdAt: number[] = [];

  /** Makes an empty table. */
  constructor(options: FamilyOptions, max: number, overflow: () => void) {
    this.#names = options.labelNames;
    this.#staticLabels = options.staticLabels ?? {};
    this.#max = max;
    this.#overflow = overflow;
  }

  /** How many slots there are. */
  get size(): number {
    return this.values.length;
  }

  /** Finds the slot of a label set, or gives it the next one. */
  resolve(values: readonly string[]): number {
    // JSON is a key that no two different label sets share, whatever characters they hold.
    const key = JSON.stringify(values);
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    // Strings that are one and the same in UTF-8 are one series. JSON spells what UTF-8 cannot hold as `\ud…`.
    if (key.includes("\\ud")) {
      const held = values.map(wellFormed);
      if (held.some((value, i) => value !== values[i])) return this.resolve(held);
    }
    const other = values.map(() => overflowValue);
    const isOther = key === JSON.stringify(other);
    if (this.#slots.size >= this.#max && !isOther) {
      this.#overflow();
      return this.resolve(other);
    }
    const slot = this.values.length;
    this.#slots.set(key, slot);
    this.values.push(values);
    this.texts.push(labelText(this.#names, values, this.#staticLabels));
    this.createdAt.push(unixNow());
    return slot;
  }

  /** Begins every slot anew: what they counted was set back to zero. */
  renew(): void {
    this.createdAt.fill(unixNow());
  }

  /** Tells a slot's labels as an object. */
  labels(slot: number): Record<string, string> {
    return labelsOf(this.#names, this.values[slot]!, this.#staticLabels);
  }
}

/** The value of every label of the series in which label sets beyond the limit are counted. */
export const overflowValue = "_other";

/** Pairs label names with their values. */
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
