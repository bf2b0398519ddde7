/**
 * A monitor's numbers for OpenTelemetry's SDK, which exports them with its own.
 *
 * @example Beside what the SDK measures, to wherever it exports
 * ```ts
 * import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
 * import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { metricProducer } from "@rtm/runtime-metrics/otel";
 *
 * const monitor = createMonitor();
 * const reader = new PeriodicExportingMetricReader({
 *   exporter: new OTLPMetricExporter(),
 *   metricProducers: [metricProducer(monitor)],
 * });
 * const provider = new MeterProvider({ readers: [reader] });
 * ```
 *
 * @module
 */

export { type MetricProducer, metricProducer } from "./metric_producer.ts";
export type { MetricNames, MetricProducerOptions } from "./options.ts";
export type {
  CollectionResult,
  SdkDataPoint,
  SdkDescriptor,
  SdkExponentialHistogram,
  SdkHistogram,
  SdkMetric,
} from "./sdk_metrics.ts";
