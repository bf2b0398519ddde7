/**
 * A registry of prom-client or of `@prometheus-io/client`, by shape.
 *
 * @module
 */

import { isObject } from "../check.ts";
import type { FamilyValues } from "./family.ts";

export interface CollectorLike {
  readonly name: string;
  get(): Promise<CollectedLike> | CollectedLike;
}

/** A foreign metric's values. `value` may be anything: it is checked when it is written. */
export interface CollectedLike {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  /** How the clients join the values of several workers. */
  readonly aggregator?: unknown;
  readonly values?: readonly {
    readonly value: number;
    readonly labels?: Readonly<Record<string, string | number>>;
    readonly metricName?: string;
    readonly sharedLabels?: Readonly<Record<string, string | number>>;
    /** Where the metric keeps some. */
    readonly exemplar?: ForeignExemplar | null;
  }[];
}

/** An exemplar as the clients keep it; anything may be missing. */
export interface ForeignExemplar {
  readonly labelSet?: Readonly<Record<string, string | number>>;
  readonly value?: number | null;
  readonly timestamp?: number | null;
}

/**
 * The part of a registry that is used. Registries of prom-client 15 and of `@prometheus-io/client` 0.16 have it.
 *
 * Metrics are taken as `never` because each client declares them as a union of its own classes.
 */
export interface RegistryLike {
  /** Every metric in it. */
  getMetricsAsArray(): readonly unknown[];
  /** The metric of a name; undefined where there is none. */
  getSingleMetric(name: string): unknown;
  /** Takes a metric in. */
  registerMetric(metric: never): void;
  /** Lets go of a metric. */
  removeSingleMetric(name: string): void;
  /** Its own page. */
  metrics(): Promise<string>;
}

export interface RegisteredMetric {
  name: string;
  get(): Promise<FamilyValues>;
  reset(): void;
}

/**
 * Is this a registry?
 *
 * @param value Anything.
 * @returns True if it has every method that is used.
 */
export function isRegistry(value: unknown): value is RegistryLike {
  const methods = ["getMetricsAsArray", "getSingleMetric", "registerMetric", "removeSingleMetric"] as const;
  return isObject(value) &&
    methods.every((method) => typeof (value as RegistryLike)[method] === "function");
}

/**
 * Reads the labels that a registry gives to every series. No client has a public way to ask.
 *
 * @param registry The registry.
 * @returns Its default labels; none where it has none.
 */
export function defaultLabels(registry: RegistryLike): Readonly<Record<string, string | number>> {
  const labels = (registry as { _defaultLabels?: unknown })._defaultLabels;
  return isObject(labels) ? labels as Record<string, string | number> : {};
}
