/**
 * The producer: a monitor's families, gathered when a reader of OpenTelemetry's SDK asks.
 *
 * @module
 */

import { otlpMetrics } from "../formats/otlp.ts";
import { type OtlpPoint, scope, type WholeMetric } from "../formats/otlp_metric.ts";
import { Slices } from "../gather/loop_budget.ts";
import { accessTo } from "../monitor/access.ts";
import { CountingStart } from "../monitor/counting_start.ts";
import type { FamilySnapshot } from "../gather/family_snapshot.ts";
import type { Monitor } from "../monitor/monitor.ts";
import { action, checkOtelOptions, type MetricProducerOptions } from "./options.ts";
import { type CollectionResult, type SdkMetric, sdkMetrics } from "./sdk_metrics.ts";
import { type SemanticMetric, semanticMetrics } from "./semantic_names.ts";

/** Answers the readers of OpenTelemetry's SDK; its `MetricProducer` by shape. */
export interface MetricProducer {
  /**
   * Takes the snapshot of all metrics, the app's own prom-client metrics included.
   *
   * @param options How long the reader waits, in milliseconds.
   * @returns The metrics; it never rejects: what failed is in `errors`, and the rest is there.
   */
  collect(options?: { timeoutMillis?: number }): Promise<CollectionResult>;
}

/**
 * Makes what a reader of OpenTelemetry's SDK takes as one of its `metricProducers`.
 *
 * Histograms pass whole, with the buckets that they have, exponential ones where the monitor keeps native histograms;
 * nothing is recorded again. Everything counts from its start:
 * readers that ask for deltas get cumulative numbers, which say that they are. A summary of ours is a histogram of one
 * bucket; quantiles of an app's own summaries are a gauge of the summary's name with `_quantile`. Exemplars stay on the
 * page and in what `./push` sends: the SDK has no place for them.
 *
 * @example The names of the semantic conventions
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { metricProducer } from "@rtm/runtime-metrics/otel";
 *
 * using monitor = createMonitor();
 * const producer = metricProducer(monitor, { names: "otel" });
 * const { resourceMetrics } = await producer.collect();
 * ```
 *
 * @param monitor Whose numbers to tell.
 * @param options Whose names they have.
 * @returns The producer. It holds nothing and needs no end; of a monitor that has stopped it tells what is left.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {RangeError} If `timeoutMillis` is out of bounds.
 */
export function metricProducer(
  monitor: Pick<Monitor, "snapshot">,
  options: MetricProducerOptions = {},
): MetricProducer {
  const access = accessTo(monitor, action);
  const { names, timeoutMillis } = checkOtelOptions(options);
  const start = new CountingStart();
  return {
    async collect({ timeoutMillis: asked } = {}) {
      const errors: unknown[] = [];
      const metrics: SdkMetric[] = [];
      try {
        // A little before the reader gives up.
        const milliseconds = asked !== undefined && asked > 0 ? Math.min(asked * 0.8, timeoutMillis) : timeoutMillis;
        const { families, labels } = await access.gather({
          timeoutSeconds: milliseconds / 1000,
          withStarts: true,
          failed: (name) => errors.push(new Error(`Cannot read metric ${name}`)),
        });
        const { runtime, core } = access.source();
        const unixSeconds = runtime.unixNow();
        const semantic = names === "otel" && core ? semanticMetrics(core) : new Map<string, SemanticMetric>();
        const byTheirNames = new Map(Array.from(semantic.values(), (each) => [each.name, each]));
        const told = otlpMetrics(renamed(families, semantic), {
          labels,
          resource: {},
          startUnixSeconds: start.at(monitor.snapshot(), unixSeconds),
          unixSeconds,
          failed: (name) => errors.push(new Error(`Cannot tell all of metric ${name}`)),
        });
        const slices = new Slices(runtime);
        const taken = new Set<string>();
        for (const metric of told) {
          const points: OtlpPoint[] = [];
          const each: Iterable<OtlpPoint | undefined> = metric.points;
          let areFinite = true;
          await slices.drain(each[Symbol.iterator](), (point) => {
            if (!point) return;
            if ("value" in point && !Number.isFinite(point.value)) areFinite = false;
            else points.push(point);
          });
          if (!areFinite) {
            errors.push(
              new Error(`Cannot tell all of metric ${metric.name}: what is no finite number fails whole exports`),
            );
          }
          if (points.length === 0) continue;
          const whole = { ...metric, points } as WholeMetric;
          const theirs = metric.isForeign ? undefined : byTheirNames.get(metric.name);
          for (const each of await slices.drain(sdkMetrics(whole, unixSeconds, theirs))) {
            const { name } = each.descriptor;
            if (taken.size < taken.add(name).size) metrics.push(each);
            else errors.push(new Error(`Cannot tell metric ${name}: another has its name`));
          }
        }
      } catch (error) {
        errors.push(error);
      }
      return {
        resourceMetrics: { resource: noResource, scopeMetrics: [{ scope, metrics }] },
        errors,
      };
    },
  };
}

/** Gives families of ours the conventions' names. They come first, so that an app's own never takes the name of one. */
function renamed(
  families: readonly FamilySnapshot[],
  semantic: ReadonlyMap<string, SemanticMetric>,
): readonly FamilySnapshot[] {
  const theirs = (family: FamilySnapshot): string | undefined =>
    family.isForeign ? undefined : semantic.get(family.name)?.name;
  const own = families.flatMap((family) => {
    const name = theirs(family);
    return name === undefined ? [] : [{ ...family, name }];
  });
  return [...own, ...families.filter((family) => theirs(family) === undefined)];
}

/** Readers take the SDK's own. */
const noResource: CollectionResult["resourceMetrics"]["resource"] = {
  attributes: {},
  merge: () => {
    throw new Error("Cannot merge resource: a reader takes the SDK's own");
  },
  getRawAttributes: () => [],
};
