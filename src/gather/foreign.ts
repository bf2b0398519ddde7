/**
 * Everybody else's metrics: asked side by side, each with a time limit, and checked before anything of them is written.
 *
 * @module
 */

import { boundText } from "../metrics/histogram.ts";
import type { CollectedLike, CollectorLike, RegistryLike } from "../metrics/registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";
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
  /** After so long without an answer, in seconds, a metric is not waited for again before it has answered. */
  readonly hangsAfterSeconds: number;
  /** Which metrics to ask, by name. */
  readonly wants: (name: string) => boolean;
  /** Called with the name of each metric that threw, took too long, or answered what cannot be written. */
  readonly failed: (name: string) => void;
}

/** Native promises, also where an app has put something else in the global's place. */
const NativePromise = (async () => {})().constructor as PromiseConstructor;

/** What has been asked and has not answered: whoever asks meanwhile waits for the same, each as long as it likes. */
const asked = new WeakMap<object, { readonly answer: Promise<unknown>; readonly since: number }>();

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
  const metrics = (registry.getMetricsAsArray() as CollectorLike[])
    .filter((metric) => !own.has(metric) && options.wants(metric.name));
  const answers = await NativePromise.all(metrics.map(async (metric): Promise<Answer[]> => {
    try {
      const stored = storedMetric(metric);
      if (!stored) return [{ metric, collected: await inTime(metric, () => metric.get(), options) }];
      if (stored.collect) await inTime(metric, () => collected(stored), options);
      return [{ metric, stored }];
    } catch {
      options.failed(metric.name);
      return [];
    }
  }));
  return async () => {
    const slices = new Slices(options.runtime);
    const pictures: (ForeignPicture | StoredPicture)[] = [];
    // One after the other, in slices: each of them is read in as short a time as can be.
    for (const answer of answers.flat()) {
      try {
        pictures.push(...await read(registry, answer, slices));
      } catch {
        options.failed(answer.metric.name);
      }
    }
    return pictures;
  };
}

/** Asks as `get()` does. */
function collected(metric: StoredMetric): unknown {
  const answer = metric.collect!();
  return isThenable(answer) ? answer : undefined;
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

async function inTime<Answered>(
  metric: CollectorLike,
  ask: () => Promise<Answered> | Answered,
  { runtime, timeoutSeconds, hangsAfterSeconds }: CollectOptions,
): Promise<Answered> {
  let pending = asked.get(metric);
  if (!pending) {
    const given = ask();
    // Most metrics without a `collect` hook are read in one go.
    if (!isThenable(given) || !runtime.startTimer) return await given;
    const answer = (async () => await given)();
    asked.set(metric, pending = { answer, since: runtime.now() });
    const answered = (): void => void asked.delete(metric);
    answer.then(answered, answered);
  }
  const left = Math.min(timeoutSeconds, pending.since + hangsAfterSeconds - runtime.now());
  if (left <= 0) throw new Error("Cannot read metric: it has not answered the scrape before");
  let timer: unknown;
  const late = new NativePromise<never>((_, reject) => {
    timer = runtime.startTimer!(
      () => reject(new Error(`Cannot read metric: it has not answered for ${timeoutSeconds} s`)),
      left,
      // Somebody waits for the page: a process that has nothing else to do would end in the middle of it.
      true,
    );
  });
  try {
    return await NativePromise.race([pending.answer as Promise<Answered>, late]);
  } finally {
    runtime.stopTimer!(timer);
  }
}

/** A promise of this realm or another, or what only looks like one. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
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
      mustHaveBound(type, metricName === name, labels);
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
function mustHaveBound(type: ForeignType, isBare: boolean, labels: NonNullable<ForeignSample["labels"]>): void {
  if (type === "summary" && isBare) {
    if (Number.isNaN(Number(labels["quantile"]))) throw new TypeError("Cannot read metric: a quantile is none");
  } else if (type === "histogram" && labels["le"] !== undefined) {
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
