/**
 * What a user may set of the kit, and the checks at its door.
 *
 * @module
 */

import { catalogEntry } from "../../src/metrics/catalog/catalog.ts";
import { type Threshold, type ThresholdName, type Thresholds, thresholds as defaults } from "./thresholds.ts";

/** What a user may set; all of it is optional. */
export interface KitOptions {
  /**
   * The monitor's `prefix`.
   *
   * @default {"runtime_"}
   */
  readonly prefix?: string;
  /**
   * What `namespace` and `subsystem` of `http.fromPython` put before the names of HTTP metrics, such as `acme_shop_`.
   *
   * @default {""}
   */
  readonly httpPrefix?: string;
  /**
   * The jobs of Prometheus that are looked at; without any, every job that has the series.
   *
   * @default {[]}
   */
  readonly jobs?: readonly string[];
  /**
   * Labels of targets that alerts keep beside `job` and `instance`, for routing, such as `namespace`.
   *
   * @default {[]}
   */
  readonly labels?: readonly string[];
  /**
   * Where the runbook is read; an alert's heading is added as a fragment.
   *
   * @default {"https://github.com/rtm/runtime-metrics/blob/main/docs/runbook.md"}
   */
  readonly runbook?: string;
  /**
   * The upper bounds of the request duration's buckets, where `http.buckets` sets others than the default ones: one of
   * them must be `latency_slow`.
   */
  readonly httpBuckets?: readonly number[];
  /** Own numbers: `{ lag_warning: 0.1, lag_warning_for: 120 }`, the latter in seconds. */
  readonly thresholds?: Readonly<Record<string, number>>;
}

/** What holds, with the defaults put in. */
export interface KitSettings {
  readonly prefix: string;
  readonly httpPrefix: string;
  readonly jobs: readonly string[];
  readonly labels: readonly string[];
  readonly runbook: string;
  readonly httpBuckets: readonly number[];
  readonly thresholds: Thresholds;
}

const defaultRunbook = "https://github.com/rtm/runtime-metrics/blob/main/docs/runbook.md";

/**
 * Checks the options. What is wrong is said of the flag that the user wrote, and never by another name.
 *
 * @param options What the user gave.
 * @returns The settings.
 * @throws {TypeError} If a threshold is unknown, or an option or a threshold of the wrong kind.
 * @throws {RangeError} If a name or a number is out of bounds.
 */
export function checkKitOptions(options: KitOptions = {}): KitSettings {
  const {
    prefix = "runtime_",
    httpPrefix = "",
    jobs = [],
    labels = [],
    runbook = defaultRunbook,
    httpBuckets = catalogEntry("http_request_duration_seconds").buckets!,
    thresholds = {},
  } = options;
  checkPrefix("--prefix", prefix);
  checkPrefix("--http-prefix", httpPrefix);
  for (const job of jobs) {
    // A quote, a backslash, a dollar sign of Grafana's or a line break would end or change the matcher.
    if (typeof job !== "string" || !/^[^"\\$\n]+$/.test(job)) {
      fail(RangeError, "--job must be a text without quotes, backslashes, dollar signs and line breaks", job);
    }
  }
  for (const label of labels) {
    if (typeof label !== "string" || !/^[a-zA-Z_]\w*$/.test(label) || ["job", "instance", "le"].includes(label)) {
      fail(RangeError, "--label must be a label's name, and neither job, instance nor le", label);
    }
  }
  if (typeof runbook !== "string" || !/^https?:\/\/[^\s"#]+$/.test(runbook)) {
    fail(RangeError, "--runbook must be a URL of http or https without a fragment", runbook);
  }
  checkBuckets(httpBuckets);
  const merged = mergeThresholds(thresholds);
  if (!httpBuckets.includes(merged.latency_slow.value)) {
    fail(
      RangeError,
      `threshold latency_slow must be the bound of a bucket, one of ${httpBuckets.join(", ")}`,
      merged.latency_slow.value,
    );
  }
  return { prefix, httpPrefix, jobs, labels, runbook, httpBuckets, thresholds: merged };
}

function checkPrefix(flag: string, prefix: unknown): void {
  if (typeof prefix !== "string") fail(TypeError, `${flag} must be a string`, prefix);
  if (!/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix)) {
    fail(RangeError, `${flag} must be letters, digits, _ and :, and not begin with a digit`, prefix);
  }
}

function checkBuckets(buckets: readonly number[]): void {
  const rising = buckets.every((bound, i) => Number.isFinite(bound) && bound > (buckets[i - 1] ?? 0));
  if (buckets.length === 0 || !rising) fail(RangeError, "--http-buckets must be rising numbers above 0", buckets);
}

/** Puts the user's numbers in the places of the defaults. */
function mergeThresholds(given: Readonly<Record<string, number>>): Thresholds {
  const merged: Record<string, Threshold> = { ...defaults };
  for (const [key, value] of Object.entries(given)) {
    const name = key.replace(/_for$/, "");
    const before = merged[name];
    if (!before || (key !== name && before.forSeconds === undefined) || (key === name && before.fixed)) {
      fail(TypeError, `unknown threshold; expected one of ${settable().join(", ")}`, key);
    }
    if (typeof value !== "number") fail(TypeError, `threshold ${key} must be a number`, value);
    if (key !== name) {
      if (!(Number.isInteger(value) && value >= 0 && value <= 86_400)) {
        fail(RangeError, `threshold ${key} must be whole seconds of at most a day`, value);
      }
      merged[name] = { ...before, forSeconds: value };
      continue;
    }
    const [low, high] = before.within ?? [0, Infinity];
    if (!(value > low && value < high)) {
      const end = high === Infinity ? "" : ` and below ${high}`;
      fail(RangeError, `threshold ${key} must be above ${low}${end}`, value);
    }
    merged[name] = { ...before, value, because: "set by the one who made this kit" };
  }
  const result = merged as Record<ThresholdName, Threshold>;
  for (const [name, { value }] of Object.entries(result)) {
    const critical = merged[name.replace(/_warning$/, "_critical")];
    if (critical && critical.value < value) {
      fail(RangeError, `threshold ${name} must not exceed that of critical, ${critical.value}`, value);
    }
  }
  return result;
}

function settable(): string[] {
  return Object.entries(defaults).flatMap(([name, threshold]: [string, Threshold]) => [
    ...(threshold.fixed ? [] : [name]),
    ...(threshold.forSeconds === undefined ? [] : [`${name}_for`]),
  ]);
}

function fail(Class: typeof TypeError | typeof RangeError, expected: string, got: unknown): never {
  throw new Class(`Cannot make kit: ${expected}, got ${JSON.stringify(got) ?? String(got)}`);
}
