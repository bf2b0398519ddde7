/**
 * Everybody else's metrics: asked side by side, each with a time limit, and checked before anything of them is written.
 *
 * @module
 */

import { isObject } from "../check.ts";
import type { CollectedLike, CollectorLike, RegistryLike } from "../metrics/registry_like.ts";
import { isPromise } from "../runtime/promise.ts";
import type { Runtime } from "../runtime/shim.ts";
import { askInTime, type AskOptions, NoAnswer } from "./ask_metric.ts";
import { readCollected } from "./collected_metric.ts";
import type { FamilySnapshot } from "./family_snapshot.ts";
import { Slices } from "./loop_budget.ts";

/** A metric whose numbers can be read without its `get()`. */
export interface StoredMetric {
  /** The app's own, asked before the numbers are read. */
  readonly collect: (() => unknown) | undefined;
  /** Throws where something else is kept than is known; tells when label sets began where that is asked for. */
  read(slices: Slices, withStarts: boolean): Promise<FamilySnapshot>;
}

/** Finds what can be read without `get()`; returns undefined for what has to be asked. */
export type ClientStore = (metric: object) => StoredMetric | undefined;

export interface CollectOptions extends AskOptions {
  readonly runtime: AskOptions["runtime"] & Pick<Runtime, "nextTurn">;
  /** Reads the metrics that it knows without asking them; every metric is asked unless it is given. */
  readonly store?: ClientStore | undefined;
  /** Whether to tell when label sets began, which takes memory for each of them. */
  readonly withStarts?: boolean;
  /** Whether a metric that does not answer in time is shown as it was when it was read last; else it is left out. */
  readonly remembers?: boolean;
  readonly wants: (name: string) => boolean;
  /** Called with the name of each metric that threw, took too long, or answered what cannot be written. */
  readonly failed: (name: string) => void;
}

/** Takes the snapshot of a metric that has answered. */
type Read = (slices: Slices) => Promise<readonly FamilySnapshot[]>;

/** By metric that may be late, what was read last. */
const remembered = new WeakMap<CollectorLike, readonly FamilySnapshot[]>();

/**
 * Asks every metric of somebody else's, side by side: those of the known clients for what their `collect` does before
 * their numbers are read, all others for their numbers.
 *
 * Returns what reads the answers, in the registry's order; a metric that failed costs only itself.
 */
export async function askForeign(
  registry: RegistryLike,
  own: ReadonlySet<unknown>,
  options: CollectOptions,
): Promise<() => Promise<FamilySnapshot[]>> {
  const attempt = async <Answer>(metric: CollectorLike, act: () => Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await act();
    } catch {
      options.failed(nameOf(metric));
      return undefined;
    }
  };
  const asked = wanted(registry, own, options)
    .map((metric) => ({ metric, answer: attempt(metric, () => ask(metric, options)) }));
  for (const { answer } of asked) await answer;
  return async () => {
    const slices = new Slices(options.runtime);
    const families: FamilySnapshot[] = [];
    // One after the other, in slices: each of them is read in as short a time as can be.
    for (const { metric, answer } of asked) {
      const read = await answer;
      await attempt(metric, async () => {
        const told = await read?.(slices) ?? [];
        families.push(...told.map((family) => titled(registry, metric, family)));
      });
    }
    return families;
  };
}

/** Returns undefined where a metric did not answer in time and is shown as it was, but never was. */
async function ask(metric: CollectorLike, options: CollectOptions): Promise<Read | undefined> {
  const { runtime, store, withStarts = false, remembers, failed } = options;
  const stored = store?.(metric);
  const get = (): Promise<CollectedLike> => askInTime(metric, () => metric.get(), options);
  const readStored = async (slices: Slices): Promise<readonly FamilySnapshot[]> => {
    try {
      return [await stored!.read(slices, withStarts)];
    } catch {
      // The client keeps its numbers in another way than is known; its own reader knows.
      return await slices.drain(readCollected(await get()));
    }
  };
  if (stored && !stored.collect) return readStored;
  // As `get()` does, which waits for promises alone: a thenable may be a query that runs when it is waited for.
  const collect = (): unknown => {
    const answer = stored!.collect!();
    return isPromise(answer) ? answer : undefined;
  };
  const read = async (slices: Slices, answer: unknown): Promise<readonly FamilySnapshot[]> => {
    const told = stored ? await readStored(slices) : await slices.drain(readCollected(answer as CollectedLike));
    if (remembers) remembered.set(metric, told);
    return told;
  };
  try {
    const answer = await (stored ? askInTime(metric, collect, options) : get());
    return (slices) => read(slices, answer);
  } catch (error) {
    if (!remembers || !(error instanceof NoAnswer)) throw error;
    failed(nameOf(metric));
    // What always takes too long is shown as it was one page before.
    error.answer?.then((answer) => read(new Slices(runtime), answer)).catch(() => {});
    const last = remembered.get(metric);
    return last && (() => Promise.resolve(last));
  }
}

/** prom-client's own OpenMetrics page cuts `_total` off its counters for good; the registry still knows the name. */
function titled(registry: RegistryLike, metric: CollectorLike, family: FamilySnapshot): FamilySnapshot {
  if (family.type !== "counter" || family.name.endsWith("_total")) return family;
  const title = `${family.name}_total`;
  return registry.getSingleMetric(title) === metric ? { ...family, name: title } : family;
}

/** A metric's name may be anything, and anything may happen when it is looked at. */
function nameOf(metric: CollectorLike): string {
  try {
    return typeof metric.name === "string" ? metric.name : "unnamed";
  } catch {
    return "unnamed";
  }
}

function wanted(
  registry: RegistryLike,
  own: ReadonlySet<unknown>,
  { wants, failed }: CollectOptions,
): CollectorLike[] {
  return (registry.getMetricsAsArray() as (CollectorLike | null)[]).filter((metric): metric is CollectorLike => {
    if (own.has(metric)) return false;
    if (isObject(metric)) return wants(nameOf(metric));
    failed("unnamed");
    return false;
  });
}
