/**
 * What a pusher can be told.
 *
 * @module
 */

import type { Temporality } from "../formats/otlp_metric.ts";
import type { Snapshot } from "../monitor/monitor.ts";

/** The protocols that are spoken. */
export type PushProtocol = "pushgateway" | "victoriametrics" | "otlp";

/** How OTLP is written. */
export type OtlpEncoding = "json" | "protobuf";

/** What is pushed: a monitor, by shape. */
export interface PushSource {
  /** Answers the page, as Prometheus text. */
  handler(request?: { readonly method: string }): Promise<Response>;
  /** Tells since when it counts. */
  snapshot(): Pick<Snapshot, "process" | "uptimeSeconds">;
}

/** Options of `createPusher`. */
export interface PusherOptions {
  /**
   * Where to push: a Pushgateway's own address (`http://host:9091`), VictoriaMetrics' import endpoint
   * (`http://host:8428/api/v1/import/prometheus`), or an OTLP endpoint for metrics (`http://host:4318/v1/metrics`). A name
   * and a password in it become the header `authorization`, unless that is among `headers`.
   *
   * @default {undefined} For OTLP what `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT` say, or
   * `http://localhost:4318/v1/metrics`; it has to be told otherwise.
   */
  url?: string | URL;
  /** What is spoken there. With `"otlp"` the environment variables of OpenTelemetry are read for what no option tells. */
  protocol: PushProtocol;
  /**
   * What the app is called: the label `job`, and OTLP's `service.name`.
   *
   * @default {undefined} For OTLP what `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` say; it has to be told otherwise.
   */
  job?: string;
  /** What to push. For OTLP it has to be a monitor of this package; for the page, whatever answers one. */
  monitor: PushSource;
  /**
   * What this process is called among its siblings: the label `instance`, and OTLP's `service.instance.id`.
   *
   * @default {undefined} A random name; the isolate's own on edge runtimes.
   */
  instance?: string;
  /**
   * More labels of the sender; attributes of the resource in OTLP. For a page they need names of labels that no series of
   * ours has; of the app's own metrics a label of such a name is `exported_…`, as where Prometheus scrapes them.
   *
   * @kind texts by name
   * @default {{}}
   */
  labels?: Readonly<Record<string, string>>;
  /**
   * How OTLP is written; of OTLP alone.
   *
   * @default {"protobuf"} What every receiver takes, at some half of the bytes of `"json"`.
   */
  encoding?: OtlpEncoding;
  /**
   * From when numbers count, of OTLP alone: from their start, or with `"delta"` from the last push that was accepted. What a
   * failed push had is in the next one.
   *
   * @default {"cumulative"} What Prometheus and its kin want; a push that was lost is no loss.
   */
  temporality?: Temporality;
  /**
   * Whether what is sent is compressed.
   *
   * @default {"none"} What every receiver takes.
   */
  compression?: PushCompression;
  /**
   * Headers to send, such as `authorization`, by name; not those that say how the body is written, such as `content-type`.
   * Their values are in no error.
   *
   * @kind texts by name
   * @default {{}}
   */
  headers?: Readonly<Record<string, string>>;
  /**
   * The distance between pushes, in seconds, from 1 to 3600. Attempts that fail are repeated within it.
   *
   * @default {10} Workers keep a context for 30 s behind its response, in which one wait and the attempts have to fit.
   */
  intervalSeconds?: number;
  /**
   * How long one attempt may take, in seconds, above 0 and at most 60.
   *
   * @default {5}
   */
  timeoutSeconds?: number;
  /**
   * How often a failed attempt is repeated, a whole number from 0 to 10. The pauses between them grow from up to half a
   * second, each to twice the one before, and are drawn at random.
   *
   * @kind a whole number from 0 to 10
   * @default {3}
   */
  retries?: number;
  /**
   * The largest page that is pushed, in bytes.
   *
   * @default {16777216} 16 MiB: what collectors take, and more than 100,000 series.
   */
  maxBytes?: number;
  /** Called for each push that was given up, and where part of one was refused. */
  onError?: (error: Error) => void;
  /**
   * What sends, such as a service binding's `fetch`.
   *
   * @default {globalThis.fetch}
   */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** How what is sent is compressed. */
export type PushCompression = "none" | "gzip";
