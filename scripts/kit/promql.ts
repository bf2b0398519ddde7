/**
 * PromQL over the catalog's names, with the user's own prefix and jobs put in.
 *
 * @module
 */

import { standsApart } from "../../src/copies/join_rules.ts";
import { catalog, type CatalogEntry } from "../../src/metrics/catalog/catalog.ts";

/** Whose names are written. */
export interface PromqlOptions {
  /** Before this library's own names. */
  readonly prefix: string;
  /** Before the names of the HTTP metrics: what `namespace` and `subsystem` of `http.fromPython` add. */
  readonly httpPrefix: string;
  /** Matchers that every selector has, such as `job="api"`. */
  readonly matchers: readonly string[];
  /** Matchers of what is told of each copy by itself where copies were joined, such as `copy=~"$copy"`. */
  readonly copyMatchers?: readonly string[];
}

/** Writes selectors and the few forms that are easily got wrong. */
export interface Promql {
  /**
   * A name as Prometheus knows it.
   *
   * @param name The name in the catalog, with `_bucket`, `_sum` or `_count` behind a histogram's.
   * @returns The name with its prefix.
   * @throws {Error} If it is not in the catalog: the caller is wrong, not the user.
   */
  name(name: string): string;
  /** A selector: the name, and every matcher between braces. */
  series(name: string, ...matchers: string[]): string;
  /** The rate of a counter, or of a histogram's part. */
  rate(name: string, window: string, ...matchers: string[]): string;
  /** A histogram's quantile; buckets are added up by `le` first, so that many series give one true quantile. */
  quantile(quantile: number, name: string, by: readonly string[], window: string, ...matchers: string[]): string;
}

/**
 * Makes a writer of PromQL.
 *
 * @param options Whose names are written.
 * @returns The writer.
 */
export function createPromql({ prefix, httpPrefix, matchers: common, copyMatchers = [] }: PromqlOptions): Promql {
  const promql: Promql = {
    name(name) {
      const { bare, group } = findSeries(name);
      return (bare ? group === "http" ? httpPrefix : "" : prefix) + name;
    },
    series(name, ...matchers) {
      const all = [...common, ...standsApart({ name, isForeign: false }) ? copyMatchers : [], ...matchers];
      return promql.name(name) + (all.length > 0 ? `{${all.join(", ")}}` : "");
    },
    rate: (name, window, ...matchers) => `rate(${promql.series(name, ...matchers)}[${window}])`,
    quantile: (quantile, name, by, window, ...matchers) =>
      `histogram_quantile(${quantile}, ${sumBy([...by, "le"], promql.rate(`${name}_bucket`, window, ...matchers))})`,
  };
  return promql;
}

/**
 * Adds up.
 *
 * @param labels The labels that are kept.
 * @param expression What is added up.
 * @returns The sum; without labels, one number.
 */
export function sumBy(labels: readonly string[], expression: string): string {
  return labels.length > 0 ? `sum by (${labels.join(", ")}) (${expression})` : `sum(${expression})`;
}

/**
 * Takes the largest.
 *
 * @param labels The labels that are kept.
 * @param expression What is compared.
 * @returns The largest.
 */
export function maxBy(labels: readonly string[], expression: string): string {
  return labels.length > 0 ? `max by (${labels.join(", ")}) (${expression})` : `max(${expression})`;
}

/**
 * Matches one bucket. Pages spell a whole bound `1` or `1.0`, as they please; this holds for both.
 *
 * @param bound The bucket's upper bound.
 * @returns The matcher.
 */
export function bucketMatcher(bound: number): string {
  return Number.isInteger(bound) ? `le=~"${bound}([.]0)?"` : `le="${bound}"`;
}

/**
 * Finds what a series belongs to.
 *
 * @param name The name in the catalog, with `_bucket`, `_sum` or `_count` behind a histogram's or a summary's.
 * @returns The entry.
 * @throws {Error} If there is none.
 */
export function findSeries(name: string): CatalogEntry {
  const exact = catalog.find((entry) => entry.name === name);
  if (exact && exact.type !== "histogram" && exact.type !== "summary") return exact;
  const [, base, part] = /^(.*)_(bucket|sum|count)$/.exec(name) ?? [];
  const family = catalog.find((entry) => entry.name === base);
  if (family?.type === "histogram" || (family?.type === "summary" && part !== "bucket")) return family;
  throw new Error(`Cannot write PromQL: no series "${name}" comes from the catalog`);
}
