/**
 * Everybody else's metrics: asked side by side, each with a time limit, and checked before anything of them is written.
 *
 * @module
 */

import type { CollectedLike, CollectorLike, RegistryLike } from "../metrics/registry_like.ts";
import { isPromise } from "../runtime/promise.ts";
import type { Runtime } from "../runtime/shim.ts";
import { askInTime, NoAnswer } from "./ask.ts";
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

/** What asking needs. */
export interface CollectOptions {
  readonly runtime: Pick<Runtime, "now" | "nextTurn" | "startTimer" | "stopTimer">;
  /** How long each metric may take, in seconds. */
  readonly timeoutSeconds: number;
  /** How long each metric may take for the most patient scraper, in seconds. */
  readonly longestSeconds?: number;
  /** Reads the metrics that it knows without asking them; every metric is asked unless it is given. */
  readonly store?: ClientStore | undefined;
  /** Whether to tell when label sets began, which takes memory for each of them. */
  readonly withStarts?: boolean;
  /** Whether a metric that does not answer in time is shown as it was when it was read last; else it is left out. */
  readonly remembers?: boolean;
  /** Which metrics to ask, by name. */
  readonly wants: (name: string) => boolean;
  /** Called with the name of each metric that threw, took too long, or answered what cannot be written. */
  readonly failed: (name: string) => void;
}

/** A metric that has answered, and how its snapshot is taken. */
interface Answer {
  readonly metric: CollectorLike;
  /** Whether it might not have come in time. */
  readonly mayBeLate: boolean;
  read(slices: Slices): Promise<readonly FamilySnapshot[]>;
}

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
  const asked = wanted(registry, own, options).map(async (metric): Promise<Answer | undefined> => {
    try {
      return await ask(metric, options);
    } catch {
      options.failed(nameOf(metric));
      return undefined;
    }
  });
  const answers: Answer[] = [];
  for (const each of asked) {
    const answer = await each;
    if (answer) answers.push(answer);
  }
  return async () => {
    const slices = new Slices(options.runtime);
    const families: FamilySnapshot[] = [];
    // One after the other, in slices: each of them is read in as short a time as can be.
    for (const { metric, mayBeLate, read } of answers) {
      try {
        const told = await read(slices);
        if (mayBeLate && options.remembers) remembered.set(metric, told);
        families.push(...told.map((family) => titled(registry, metric, family)));
      } catch {
        options.failed(nameOf(metric));
      }
    }
    return families;
  };
}

async function ask(metric: CollectorLike, options: CollectOptions): Promise<Answer | undefined> {
  const stored = options.store?.(metric);
  const answered = (collected?: CollectedLike): Answer => ({
    metric,
    mayBeLate: !stored || stored.collect !== undefined,
    async read(slices) {
      if (!stored) return await readInSlices(collected!, slices);
      try {
        return [await stored.read(slices, options.withStarts ?? false)];
      } catch {
        // The client keeps its numbers in another way than is known; its own reader knows.
        return await readInSlices(await askInTime(metric, () => metric.get(), options), slices);
      }
    },
  });
  const { collect } = stored ?? {};
  // As `get()` does, which waits for promises alone: a thenable may be a query that runs when it is waited for.
  const collectNow = (): unknown => {
    const answer = collect!();
    return isPromise(answer) ? answer : undefined;
  };
  if (stored && !collect) return answered();
  try {
    return answered(
      await askInTime<unknown>(metric, stored ? collectNow : () => metric.get(), options) as CollectedLike,
    );
  } catch (error) {
    if (!options.remembers || !(error instanceof NoAnswer)) throw error;
    options.failed(nameOf(metric));
    // What always takes too long is shown as it was one page before.
    const late = async (collected: unknown): Promise<void> =>
      void remembered.set(metric, await answered(collected as CollectedLike).read(new Slices(options.runtime)));
    error.answer?.then(late).catch(() => {});
    const last = remembered.get(metric);
    return last && { metric, mayBeLate: true, read: () => Promise.resolve(last) };
  }
}

async function readInSlices(answer: CollectedLike, slices: Slices): Promise<FamilySnapshot[]> {
  const steps = readCollected(answer);
  let step = steps.next();
  for (; !step.done; step = steps.next()) if (slices.isDue()) await slices.next();
  return step.value;
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
    if (typeof metric === "object" && metric !== null) return wants(nameOf(metric));
    failed("unnamed");
    return false;
  });
}
