/**
 * Everybody else's metrics: asked side by side, each with a time limit, and checked before anything of them is written.
 *
 * @module
 */

import { boundText } from "../metrics/histogram.ts";
import type { CollectedLike, CollectorLike, RegistryLike } from "../registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";

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
  readonly numbers: Float64Array;
  /** A counter with a number below 0 or none at all; OpenMetrics has no such counter. */
  readonly isOdd: boolean;
}

/** What asking needs. */
export interface CollectOptions {
  readonly runtime: Pick<Runtime, "startTimer" | "stopTimer">;
  /** How long each metric may take, in seconds. */
  readonly timeoutSeconds: number;
  /** Which metrics to ask, by name. */
  readonly wants: (name: string) => boolean;
  /** Called with the name of each metric that threw, took too long, or answered what cannot be written. */
  readonly failed: (name: string) => void;
}

/** Metrics that did not answer in time and have not answered since. Nobody asks them again meanwhile. */
const hanging = new WeakSet<object>();

/**
 * Asks every metric of somebody else's, side by side.
 *
 * @param registry Where they are.
 * @param own Our own families, which are not asked.
 * @param options How long to wait, and whom to tell.
 * @returns What they answered, in the registry's order; one that failed costs only itself.
 */
export async function collectForeign(
  registry: RegistryLike,
  own: ReadonlySet<unknown>,
  options: CollectOptions,
): Promise<ForeignPicture[]> {
  const metrics = (registry.getMetricsAsArray() as CollectorLike[])
    .filter((metric) => !own.has(metric) && options.wants(metric.name));
  const answers = await Promise.all(metrics.map(async (metric) => {
    try {
      return checked(titled(registry, metric, await inTime(metric, options)));
    } catch {
      options.failed(metric.name);
      return [];
    }
  }));
  return answers.flat();
}

/** prom-client's own OpenMetrics page cuts `_total` off its counters for good; the registry still knows the name. */
function titled(registry: RegistryLike, metric: CollectorLike, answer: CollectedLike): CollectedLike {
  if (answer?.type !== "counter" || typeof answer.name !== "string" || answer.name.endsWith("_total")) return answer;
  const title = `${answer.name}_total`;
  return registry.getSingleMetric(title) === metric ? { ...answer, name: title } : answer;
}

async function inTime(metric: CollectorLike, { runtime, timeoutSeconds }: CollectOptions): Promise<CollectedLike> {
  if (hanging.has(metric)) throw new Error("Cannot read metric: it has not answered the scrape before");
  const answer = metric.get();
  // Most metrics of `@prometheus-io/client` and every one without a `collect` hook are read in one go.
  if (!(answer instanceof Promise) || !runtime.startTimer) return await answer;
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = runtime.startTimer!(() => {
      hanging.add(metric);
      const answered = (): void => void hanging.delete(metric);
      answer.then(answered, answered);
      reject(new Error(`Cannot read metric: it has not answered for ${timeoutSeconds} s`));
    }, timeoutSeconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    runtime.stopTimer!(timer);
  }
}

/**
 * Checks an answer and copies its numbers.
 *
 * @param answer What `get()` answered; anything.
 * @returns A picture; more than one where samples bear names that are not the metric's.
 * @throws {TypeError} If it cannot be written.
 */
export function checked(answer: CollectedLike): ForeignPicture[] {
  const { name, help, values = [] } = answer;
  if (typeof name !== "string" || name === "" || typeof help !== "string") {
    throw new TypeError("Cannot read metric: it answered no name or no help");
  }
  const type = typeOf(answer.type);
  const own: ForeignSample[] = [];
  const strays = new Map<string, ForeignSample[]>();
  for (const sample of values) {
    const { labels = {}, metricName = name } = sample;
    if (typeof labels !== "object" || labels === null) throw new TypeError("Cannot read metric: its labels are none");
    if (metricName === name || isPart(type, metricName.slice(name.length)) && metricName.startsWith(name)) {
      mustHaveBound(type, metricName === name, labels);
      own.push(sample);
    } else {
      const stray = strays.get(metricName);
      if (stray) stray.push(sample);
      else strays.set(metricName, [sample]);
    }
  }
  const pictures = [picture(name, help, type, own)];
  for (const [stray, samples] of strays) pictures.push(picture(stray, help, "untyped", samples));
  return pictures;
}

function picture(name: string, help: string, type: ForeignType, samples: readonly ForeignSample[]): ForeignPicture {
  const numbers = new Float64Array(samples.length);
  let isOdd = false;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] = Number(samples[i]!.value);
    if (!(number >= 0)) isOdd = true;
  }
  return { kind: "foreign", name, help, type, samples, numbers, isOdd };
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
