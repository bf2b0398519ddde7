/**
 * What the catalog says of one metric.
 *
 * @module
 */

import type { Sample } from "../sample.ts";
import type { Aggregator, MetricType } from "./family.ts";
import type { Reading } from "./sampled.ts";

/** The groups of metrics that can be switched off one by one; `calls` and `self` are there when they have something to say. */
export type Group =
  | "eventLoop"
  | "pending"
  | "pools"
  | "canary"
  | "memory"
  | "gc"
  | "process"
  | "container"
  | "http"
  | "calls"
  | "self";

/** What the total of a counter that is read began with. */
export type Beginning = "process" | "thread" | "monitor";

export type Collected = Readonly<Record<Group, boolean>>;

export interface CatalogEntry {
  /** The name; the monitor's prefix comes before it unless `bare` is set. */
  readonly name: string;
  /** The name has no prefix: it is one that every Prometheus client uses. */
  readonly bare?: true;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  readonly aggregator: Aggregator;
  readonly group: Group;
  /** The upper bounds of a histogram's buckets; a summary has none. */
  readonly buckets?: readonly number[];
  /** It is not measured unless it is asked for. */
  readonly optional?: true;
  /** How the metric is read from a sample; absent for what is counted as it happens. */
  readonly read?: (sample: Sample) => Iterable<Reading>;
  /** From when on it is counted what is read: nothing is known of the start where it is absent. */
  readonly since?: Beginning;
}

type Common = Pick<CatalogEntry, "group"> & Partial<Omit<CatalogEntry, "name" | "help" | "read">>;

/** What it says of each, by name: beyond that, or in its place. */
export type EntryTable = Readonly<Record<string, Details>>;

interface Details extends Pick<CatalogEntry, "help">, Partial<Common> {
  /** One number, or several with their labels; absent where nothing was told. */
  readonly read?: (sample: Sample) => Iterable<Reading> | number | undefined;
}

/**
 * Makes the entries of one file of the catalog, by name. What none of them says is in the name, as Prometheus has it, or as
 * with most metrics: a sum over workers, without labels.
 */
export function makeEntries(common: Common, table: EntryTable): readonly CatalogEntry[] {
  return Object.entries(table).map(([name, { read, ...details }]) => ({
    name,
    type: name.endsWith("_total") ? "counter" : details.buckets ? "histogram" : "gauge",
    labels: [],
    aggregator: "sum",
    ...common,
    ...details,
    ...(read && { read: (sample: Sample) => readings(read(sample)) }),
  }));
}

/** Absent, not zero. */
function readings(told: Iterable<Reading> | number | undefined): Iterable<Reading> {
  return typeof told === "number" ? [[told]] : told ?? [];
}

/**
 * Finds an entry.
 *
 * @throws {Error} If there is none: the caller is wrong, not the user.
 */
export function findEntry(entries: readonly CatalogEntry[], name: string): CatalogEntry {
  const entry = entries.find((entry) => entry.name === name);
  if (!entry) throw new Error(`Cannot find metric: "${name}" is not in the catalog`);
  return entry;
}
