/**
 * The HTTP requests of one registry: one set of families and one recorder, whichever monitors ask for them.
 *
 * @module
 */

import { httpEntries } from "../metrics/catalog/http.ts";
import { Families, type FamilySettings } from "../metrics/families.ts";
import type { Family } from "../metrics/family.ts";
import { mustDiffer } from "../metrics/label_names.ts";
import type { SlotMemory } from "../metrics/slot_storage.ts";
import type { RequestSettings } from "./options.ts";
import type { SelfMetrics } from "../metrics/self_metrics.ts";
import { PendingKind } from "../work/pending.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { RequestInfo } from "./request_info.ts";
import { type Label, labelsOfMetric, Meter } from "./meter.ts";
import { type HttpMetric, latency, requests } from "./metrics.ts";
import { Recorder } from "./recorder.ts";
import { ignore, isLater } from "./user_function.ts";

export interface HttpSettings extends FamilySettings {
  readonly http: RequestSettings;
}

/** Makes the families that the options ask for, and the recorder that counts in them. */
export class HttpFamilies {
  readonly pending: PendingKind = new PendingKind();
  readonly recorder: Recorder;
  /** Every metric with its family and labels, as they were measured at the beginning. */
  readonly meters: readonly Meter[];
  /** When requests began to be counted, in seconds of the runtime's clock. */
  readonly beganAt: number;
  settings: HttpSettings;
  readonly #families: Families;

  /** Makes the families and registers them; where a name is taken, it throws and none is registered. */
  constructor(
    runtime: Runtime,
    registry: RegistryLike | undefined,
    settings: HttpSettings,
    self: SelfMetrics,
    onCollect: () => void,
    memory: () => SlotMemory | undefined = () => undefined,
  ) {
    this.settings = settings;
    this.beganAt = runtime.now();
    const { http, maxLabelSets } = settings;
    const families = new Families({
      ...settings,
      catalog: httpEntries,
      registry,
      onCollect,
      memory,
      onDrop: (family) => self.drop(family),
    });
    this.#families = families;
    const { inProgress = true, labels = {}, computedLabels = {} } = http;
    const prefix = [http.namespace, http.subsystem].filter(Boolean).map((part) => `${part}_`).join("");
    const named = (name: string, own: readonly Label[], computed: readonly string[] = []) => {
      const labelNames = [...own.map(({ name }) => name), ...computed];
      mustDiffer(prefix + name, [...Object.keys(settings.labels), ...labelNames]);
      return { name: prefix + name, labelNames };
    };
    // Without the value that throws the request still counts.
    const labelOf = (name: string) => (info: RequestInfo): string => {
      try {
        return labelText(this.settings.http.computedLabels![name]!(info));
      } catch {
        self.fail("http");
        return "";
      }
    };
    const meters = this.meters = metricsOf(settings).map((metric) => {
      const own = labelsOfMetric(metric, labels);
      const computed = metric.defaultLabels.length > 0 ? Object.keys(computedLabels) : [];
      const overrides = {
        ...named(metric.name ?? metric.entry, own, computed),
        ...(metric.help !== undefined && { help: metric.help }),
      };
      const family = metric.quantity === "count"
        ? families.counter(metric.entry, overrides)
        : families.histogram(metric.entry, { ...overrides, buckets: finite(metric.buckets) });
      return new Meter(metric, own, computed.map(labelOf), family, http.exemplars ?? true);
    });
    const { name = "http_requests_in_progress", labels: inProgressLabels = {} } = typeof inProgress === "object"
      ? inProgress
      : {};
    const shown = labelsOfMetric({ defaultLabels: ["method", "route"], labels: inProgressLabels }, labels);
    const overrides = named(name, shown);
    const gauge = inProgress === false ? undefined : families.gauge("http_requests_in_progress", overrides);
    for (const family of [...meters.map(({ family }) => family), gauge]) {
      // A family without labels has one series, which is there from the start.
      if (family?.labelNames.length === 0) family.slot();
    }
    families.register();
    this.recorder = new Recorder(
      runtime,
      { meters, inProgress: gauge && { gauge, labels: shown }, pending: this.pending, texts: families.texts },
      http,
      maxLabelSets,
      () => self.fail("http"),
    );
  }

  /**
   * Takes own functions from newer settings, such as a hot reload's, that are the same in everything else.
   *
   * @param settings The settings.
   */
  renew(settings: HttpSettings): void {
    this.settings = settings;
    this.recorder.renew(settings.http);
  }

  families(): Family[] {
    return this.#families.own();
  }

  /** Puts families back that `register.clear()` has thrown out. */
  register(): void {
    this.#families.register();
  }

  stop(): void {
    this.recorder.stop();
    this.#families.unregister();
  }
}

/** What is measured when nothing is said: rate, errors and duration. */
function metricsOf({ http: { metrics, buckets } }: HttpSettings): readonly HttpMetric[] {
  return metrics ?? [requests(), latency(buckets ? { buckets } : {})];
}

/** To Prometheus an empty label is one that is not there, so that is what nothing becomes. */
function labelText(value: unknown): string {
  if (value === undefined || value === null) return "";
  isLater(value, ignore);
  if (typeof value === "object" || typeof value === "function") throw new TypeError("a label must be a text");
  return String(value);
}

/** `+Inf` is every histogram's last bound, whether it was given or not. */
function finite(buckets: readonly number[] = []): readonly number[] {
  return buckets.filter((bound) => bound !== Infinity);
}
