/**
 * Everybody else's metrics: asked side by side, each with a time limit, and checked before anything of them is written.
 *
 * @module
 */

import { boundText } from "../metrics/histogram.ts";
import type { CollectedLike, CollectorLike, RegistryLike } from "../metrics/registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";
import { isPromise } from "../runtime/promise.ts";
import { askInTime } from "./ask.ts";
import { readStored, type StoredMetric, storedMetric, type StoredPicture } from "./prom_client_store.ts";
import { Slices } from "./loop_budget.ts";

/** The types that a foreign metric is taken for; what is none of the others is `untyped`. */
export type ForeignType = "counter" | "gauge" | "histogram" | "summary" | "untyped";

/** One sample of a foreign metric, as its `get()` answered it. */
export type ForeignSample = NonNullable<CollectedLike["values"]>[number];

/** What a foreign metric answered, checked. */
export interface ForeignPicture {
  readonly kind: "foreign";
  readonly name: string;
  readonly help: string;
  readonly type: ForeignType;
  readonly samples: readonly ForeignSample[];
  /** The numbers as they were when the metric answered: prom-client's samples are live objects. */
  readonly numbers: readonly number[];
  /** A counter with a number below 0 or none at all; OpenMetrics has no such counter. */
  readonly isOdd: boolean;
}

/** What asking needs. */
export interface CollectOptions {
  readonly runtime: Pick<Runtime, "now" | "nextTurn" | "startTimer" | "stopTimer">;
  /** How long each metric may take, in seconds. */
  readonly timeoutSeconds: number;
  /** How long each metric may take for the most patient scraper, in seconds. */
  readonly longestSeconds?: number;
  /** Which metrics to ask, by name. */
  readonly wants: (name: string) => boolean;
  /** Called with the name of each metric that threw, took too long, or answered what cannot be written. */
  readonly failed: (name: string) => void;
}

/** A metric that has answered. */
type Answer =
  & { readonly metric: CollectorLike }
  & (
    | { readonly stored: StoredMetric }
    | { readonly collected: CollectedLike; readonly stored?: undefined }
  );

/**
 * Asks every metric of somebody else's, side by side: those of the known clients for what their `collect` does before
 * their numbers are read, all others for their numbers.
 *
 * @param registry Where they are.
 * @param own Our own families, which are not asked.
 * @param options How long to wait, and whom to tell.
 * @returns Reads what they answered, in the registry's order; one that failed costs only itself.
 */
export async function askForeign(
  registry: RegistryLike,
  own: ReadonlySet<unknown>,
  options: CollectOptions,
): Promise<() => Promise<(ForeignPicture | StoredPicture)[]>> {
  const asked = wanted(registry, own, options).map(async (metric): Promise<Answer | undefined> => {
    try {
      const stored = storedMetric(metric);
      if (!stored) return { metric, collected: await askInTime(metric, () => metric.get(), options) };
      if (stored.collect) await askInTime(metric, () => collected(stored), options);
      return { metric, stored };
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
    const pictures: (ForeignPicture | StoredPicture)[] = [];
    // One after the other, in slices: each of them is read in as short a time as can be.
    for (const answer of answers) {
      try {
        pictures.push(...await read(registry, answer, slices));
      } catch {
        options.failed(nameOf(answer.metric));
      }
    }
    return pictures;
  };
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

/** Asks as `get()` does, which waits for promises alone: a thenable may be a query that runs when it is waited for. */
function collected(metric: StoredMetric): unknown {
  const answer = metric.collect!();
  return isPromise(answer) ? answer : undefined;
}

async function read(
  registry: RegistryLike,
  answer: Answer,
  slices: Slices,
): Promise<(ForeignPicture | StoredPicture)[]> {
  const { metric } = answer;
  if (!answer.stored) {
    const steps = check(titled(registry, metric, answer.collected));
    let step = steps.next();
    for (; !step.done; step = steps.next()) if (slices.isDue()) await slices.next();
    return step.value;
  }
  return [titled(registry, metric, await readStored(answer.stored, slices))];
}

/** prom-client's own OpenMetrics page cuts `_total` off its counters for good; the registry still knows the name. */
function titled<Named extends { readonly name: string; readonly type: string }>(
  registry: RegistryLike,
  metric: CollectorLike,
  answer: Named,
): Named {
  if (answer?.type !== "counter" || typeof answer.name !== "string" || answer.name.endsWith("_total")) return answer;
  const title = `${answer.name}_total`;
  return registry.getSingleMetric(title) === metric ? { ...answer, name: title } : answer;
}

/**
 * Checks an answer and copies its numbers, these in one go: samples may be live objects.
 *
 * @param answer What `get()` answered; anything.
 * @returns Pauses before each sample, so that whoever drains it decides how much is done in one go. A picture comes of it;
 * more than one where samples bear names that are not the metric's.
 * @throws {TypeError} If it cannot be written.
 */
export function* check(answer: CollectedLike): Generator<void, ForeignPicture[]> {
  const { name, help, values = [] } = answer;
  if (typeof name !== "string" || name === "" || typeof help !== "string") {
    throw new TypeError("Cannot read metric: it answered no name or no help");
  }
  const type = typeOf(answer.type);
  const all = Float64Array.from(values, ({ value }) => Number(value));
  const own = new Samples();
  const strays = new Map<string, Samples>();
  for (let i = 0; i < all.length; i++) {
    yield;
    const sample = values[i]!;
    const { labels = {}, metricName = name } = sample;
    if (typeof labels !== "object" || labels === null) throw new TypeError("Cannot read metric: its labels are none");
    if (metricName === name || isPart(type, metricName.slice(name.length)) && metricName.startsWith(name)) {
      mustHaveBound(type, metricName.slice(name.length), labels);
      own.add(sample, all[i]!);
    } else {
      let stray = strays.get(metricName);
      if (!stray) strays.set(metricName, stray = new Samples());
      stray.add(sample, all[i]!);
    }
  }
  return [
    { kind: "foreign", name, help, type, ...own },
    ...Array.from(
      strays,
      ([stray, some]) => ({ kind: "foreign", name: stray, help, type: "untyped", ...some }) as const,
    ),
  ];
}

/** The samples of one name. */
class Samples {
  readonly samples: ForeignSample[] = [];
  readonly numbers: number[] = [];
  isOdd = false;

  add(sample: ForeignSample, number: number): void {
    this.samples.push(sample);
    this.numbers.push(number);
    if (!(number >= 0)) this.isOdd = true;
  }
}

function typeOf(type: unknown): ForeignType {
  return type === "counter" || type === "gauge" || type === "histogram" || type === "summary" ? type : "untyped";
}

/** Is this what may stand behind a name of that type? */
function isPart(type: ForeignType, suffix: string): boolean {
  if (type === "histogram") return suffix === "_bucket" || suffix === "_sum" || suffix === "_count";
  return type === "summary" && (suffix === "_sum" || suffix === "_count");
}

/** A bucket without a bound, or a quantile that is none, makes the whole page unreadable to a strict scraper. */
function mustHaveBound(type: ForeignType, part: string, labels: NonNullable<ForeignSample["labels"]>): void {
  if (type === "summary" && part === "") {
    if (Number.isNaN(Number(labels["quantile"]))) throw new TypeError("Cannot read metric: a quantile is none");
  } else if (type === "histogram" && (part === "_bucket" || labels["le"] !== undefined)) {
    if (labels["le"] === undefined) throw new TypeError("Cannot read metric: a bucket has no bound");
    spellBound(labels["le"]);
  }
}

/**
 * Spells a bound or a quantile of somebody else's like our own.
 *
 * @param bound What stands in `le` or `quantile`.
 * @returns The same in our spelling.
 * @throws {TypeError} If it is no number.
 */
export function spellBound(bound: string | number): string {
  const number = bound === "+Inf" ? Infinity : Number(bound);
  if (Number.isNaN(number)) throw new TypeError("Cannot read metric: a bound is none");
  return boundText(number);
}
