/**
 * What a pusher can be told, and the checks of that.
 *
 * @module
 */

import type { Snapshot } from "../monitor/monitor.ts";
import type { PushProtocol } from "./target.ts";

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
   * (`http://host:8428/api/v1/import/prometheus`), or an OTLP endpoint for metrics (`http://host:4318/v1/metrics`).
   */
  url: string | URL;
  /** What is spoken there. OTLP is sent as JSON. */
  protocol: PushProtocol;
  /** What the app is called: the label `job`, and OTLP's `service.name`. */
  job: string;
  /** What to push. */
  monitor: PushSource;
  /**
   * What this process is called among its siblings: the label `instance`, and OTLP's `service.instance.id`.
   *
   * @default {undefined} A random name; the isolate's own on edge runtimes.
   */
  instance?: string;
  /**
   * More labels of the sender; attributes of the resource in OTLP.
   *
   * @default {{}}
   */
  labels?: Readonly<Record<string, string>>;
  /**
   * Headers to send, such as `authorization`.
   *
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

/** Options after the checks, with every default filled in. */
export interface PusherSettings extends Required<Omit<PusherOptions, "url" | "instance" | "onError">> {
  readonly url: URL;
  readonly instance: string | undefined;
  readonly onError: ((error: Error) => void) | undefined;
}

const protocols: readonly PushProtocol[] = ["pushgateway", "victoriametrics", "otlp"];

const optionNames: readonly (keyof PusherOptions)[] = [
  "url",
  "protocol",
  "job",
  "monitor",
  "instance",
  "labels",
  "headers",
  "intervalSeconds",
  "timeoutSeconds",
  "retries",
  "maxBytes",
  "onError",
  "fetch",
];

/**
 * Checks a pusher's options.
 *
 * @param options What the user gave.
 * @returns The settings.
 * @throws {TypeError} If an option is missing, unknown or of the wrong kind.
 * @throws {RangeError} If a number is out of bounds.
 */
export function checkPusher(options: PusherOptions): PusherSettings {
  if (!isObject(options)) refuse(TypeError, "options must be an object", options);
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name as keyof PusherOptions));
  if (unknown !== undefined) {
    refuse(TypeError, `unknown option; expected one of ${optionNames.join(", ")}`, unknown);
  }
  const { protocol, job, monitor, instance, labels = {}, headers = {}, onError } = options;
  const { intervalSeconds = 10, timeoutSeconds = 5, retries = 3, maxBytes = 16 * 1024 * 1024 } = options;
  // Bound late, so that it is called as the global's own also where a test has put another in its place.
  const { fetch = (url, init) => globalThis.fetch(url, init) } = options;
  if (!protocols.includes(protocol)) refuse(TypeError, `protocol must be one of ${protocols.join(", ")}`, protocol);
  if (typeof job !== "string" || job === "") refuse(TypeError, "job must be a string with something in it", job);
  if (typeof monitor?.handler !== "function" || typeof monitor.snapshot !== "function") {
    refuse(TypeError, "monitor must be a monitor", monitor);
  }
  if (instance !== undefined && typeof instance !== "string") refuse(TypeError, "instance must be a string", instance);
  checkTexts("labels", labels);
  checkTexts("headers", headers);
  checkNumber("intervalSeconds", intervalSeconds, 1, 3600);
  checkNumber("timeoutSeconds", timeoutSeconds, 0.001, 60);
  checkNumber("retries", retries, 0, 10);
  if (!Number.isInteger(retries)) refuse(RangeError, "retries must be a whole number", retries);
  checkNumber("maxBytes", maxBytes, 1, Number.MAX_SAFE_INTEGER);
  if (onError !== undefined && typeof onError !== "function") refuse(TypeError, "onError must be a function", onError);
  if (typeof fetch !== "function") refuse(TypeError, "fetch must be a function", fetch);
  return {
    url: checkUrl(options.url),
    protocol,
    job,
    monitor,
    instance,
    labels,
    headers,
    intervalSeconds,
    timeoutSeconds,
    retries,
    maxBytes,
    onError,
    fetch,
  };
}

function checkUrl(value: unknown): URL {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== "string" || !URL.canParse(text)) refuse(TypeError, "url must be an absolute URL", value);
  const url = new URL(text as string);
  if (!/^https?:$/.test(url.protocol)) refuse(RangeError, "url must begin with http: or https:", url.protocol);
  return url;
}

function checkTexts(name: string, texts: Readonly<Record<string, string>>): void {
  if (!isObject(texts)) refuse(TypeError, `${name} must be an object`, texts);
  for (const [key, text] of Object.entries(texts)) {
    if (typeof text !== "string") refuse(TypeError, `${name}.${key} must be a string`, text);
  }
}

function checkNumber(name: string, value: number, least: number, most: number): void {
  if (typeof value !== "number") refuse(TypeError, `${name} must be a number`, value);
  if (!(value >= least && value <= most)) refuse(RangeError, `${name} must be from ${least} to ${most}`, value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(Class: typeof TypeError | typeof RangeError, expected: string, got: unknown): never {
  const told = typeof got === "string" ? JSON.stringify(got) : isObject(got) ? "an object" : String(got);
  throw new Class(`Cannot create pusher: ${expected}, got ${told}`);
}
