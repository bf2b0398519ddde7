/**
 * OpenTelemetry's environment variables, for what no option tells.
 *
 * @module
 */

import { hiding, type Refuse } from "../check.ts";
import { checkHeader } from "./credentials.ts";
import type { PusherOptions } from "./options.ts";

/** Reads a variable; undefined where it is not set, or may not be read. */
type ReadVariable = (name: string) => string | undefined;

/** What the options are called that are read here. */
type Told = Pick<
  PusherOptions,
  | "url"
  | "job"
  | "instance"
  | "labels"
  | "encoding"
  | "temporality"
  | "compression"
  | "headers"
  | "intervalSeconds"
  | "timeoutSeconds"
>;

/** Where a collector is beside its apps, by the specification. */
const defaultEndpoint = { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://localhost:4318" };

/** How names begin: those of metrics alone win. */
const [metrics, general] = ["OTEL_EXPORTER_OTLP_METRICS_", "OTEL_EXPORTER_OTLP_"] as const;

const encodings = { "http/json": "json", "http/protobuf": "protobuf" } as const;
const compressions = { gzip: "gzip", none: "none" } as const;
const longestTimeoutSeconds = 60;
/** What keeps the least here is cumulative: it needs nothing of the push before. */
const temporalities = { cumulative: "cumulative", delta: "delta", lowmemory: "cumulative" } as const;

/**
 * Fills in what the environment says where an option says nothing. A variable that is empty is as one that is not set.
 * What is wrong is refused by the variable's name, and not shown, since it may be a secret; a wrong number or word is warned
 * of and left out, and so are attributes that cannot be read.
 */
export function withOtelEnvironment(options: PusherOptions, read: ReadVariable, refuse: Refuse): PusherOptions {
  const variables = new Variables(read, refuse);
  const attributes = variables.attributes("OTEL_RESOURCE_ATTRIBUTES");
  const { "service.name": service, "service.instance.id": instance, ...labels } = Object.fromEntries(attributes);
  const asked: { [Name in keyof Told]-?: () => Told[Name] } = {
    url: () => variables.url(),
    job: () => variables.text("OTEL_SERVICE_NAME")?.value ?? (service || undefined),
    instance: () => instance || undefined,
    labels: () => undefined,
    encoding: () => variables.word(encodings, `${metrics}PROTOCOL`, `${general}PROTOCOL`),
    temporality: () => variables.word(temporalities, `${metrics}TEMPORALITY_PREFERENCE`),
    compression: () => variables.word(compressions, `${metrics}COMPRESSION`, `${general}COMPRESSION`),
    headers: () => variables.headers(),
    intervalSeconds: () => variables.seconds([1, 3600], "OTEL_METRIC_EXPORT_INTERVAL"),
    timeoutSeconds: () => variables.timeout(),
  };
  const told: PusherOptions = { ...options, labels: { ...labels, ...options.labels } };
  for (const [name, ask] of Object.entries(asked) as [keyof Told, () => Told[keyof Told]][]) {
    const value = told[name] ?? ask();
    if (value !== undefined) Object.assign(told, { [name]: value });
  }
  return told;
}

/** Names and values, such as those of `a=b,c=d`. */
type Pairs = readonly (readonly [key: string, value: string])[];

const pairsRule = "pairs such as a=b,c=d with percent-encoded values";

interface Variable {
  readonly name: string;
  readonly value: string;
}

class Variables {
  readonly #read: ReadVariable;
  readonly #refuse: Refuse;

  constructor(read: ReadVariable, refuse: Refuse) {
    this.#read = read;
    this.#refuse = refuse;
  }

  /** The first that has something in it. */
  text(...names: readonly string[]): Variable | undefined {
    for (const name of names) {
      const value = this.#read(name)?.trim();
      if (value) return { name, value };
    }
    return undefined;
  }

  /** The metrics' own address as it is, or the general one, or the specification's, with their path behind it. */
  url(): URL {
    const { name, value } = this.text(`${metrics}ENDPOINT`, `${general}ENDPOINT`) ?? defaultEndpoint;
    if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
      hiding(this.#refuse)(TypeError, `${name} must be an absolute URL that begins with http: or https:`, value);
    }
    const url = new URL(value);
    if (name === `${general}ENDPOINT`) url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/metrics`;
    return url;
  }

  /** Metrics' own headers take the place of the general ones, which may be meant for another address. */
  headers(): Readonly<Record<string, string>> | undefined {
    const variable = this.text(`${metrics}HEADERS`, `${general}HEADERS`);
    if (!variable) return undefined;
    const { name, value: text } = variable;
    const headers = pairsOf(text) ?? hiding(this.#refuse)(TypeError, `${name} must be ${pairsRule}`, text);
    for (const [key, value] of headers) checkHeader(key, value, name, hiding(this.#refuse));
    return Object.fromEntries(headers);
  }

  /** Of the resource. Where one cannot be read all are left out, as the specification has it. */
  attributes(name: string): Pairs {
    const attributes = pairsOf(this.text(name)?.value ?? "");
    if (!attributes) console.warn(`Cannot use ${name}: it must be ${pairsRule}`);
    return attributes ?? [];
  }

  word<Word>(words: Readonly<Record<string, Word>>, ...names: readonly string[]): Word | undefined {
    const known = new Map(Object.entries(words));
    return this.#usable(names, (value) => known.get(value.toLowerCase()), `one of ${Object.keys(words).join(", ")}`);
  }

  /** From milliseconds, as OpenTelemetry counts. */
  seconds([least, most]: readonly [number, number], ...names: readonly string[]): number | undefined {
    const inBounds = (value: string): number | undefined => {
      const seconds = /^\d+$/.test(value) ? Number(value) / 1000 : NaN;
      return seconds >= least && seconds <= most ? seconds : undefined;
    };
    return this.#usable(names, inBounds, `a whole number of milliseconds from ${least * 1000} to ${most * 1000}`);
  }

  /** What is of no use is warned of, and is as if it were not set: so the specification has numbers and words. */
  #usable<Value>(
    names: readonly string[],
    read: (value: string) => Value | undefined,
    rule: string,
  ): Value | undefined {
    for (const name of names) {
      const { value } = this.text(name) ?? {};
      if (value === undefined) continue;
      const usable = read(value);
      if (usable !== undefined) return usable;
      console.warn(`Cannot use ${name}: it must be ${rule}, got ${JSON.stringify(value)}`);
    }
    return undefined;
  }

  /** The shortest time that is set: for an attempt, or for all of an export. To the specification 0 is the longest. */
  timeout(): number | undefined {
    const bounds = [0, longestTimeoutSeconds] as const;
    const told = [
      this.seconds(bounds, `${metrics}TIMEOUT`, `${general}TIMEOUT`),
      this.seconds(bounds, "OTEL_METRIC_EXPORT_TIMEOUT"),
    ].map((seconds) => seconds || (seconds === 0 ? longestTimeoutSeconds : Infinity));
    const shortest = Math.min(...told);
    return shortest === Infinity ? undefined : shortest;
  }
}

/** Undefined where one of them cannot be read. */
function pairsOf(text: string): Pairs | undefined {
  try {
    return text.split(",").filter((part) => part.trim() !== "").map((part) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(part.trim())!;
      return [decodeURIComponent(key!.trim()), decodeURIComponent(value!.trim())];
    });
  } catch {
    // What has no name, or an escape that is none.
    return undefined;
  }
}
