/**
 * What a pusher can be told, and the checks of that.
 *
 * @module
 */

import { accessTo } from "../monitor/access.ts";
import {
  callable,
  checkTable,
  entriesOf,
  Hidden,
  type Kind,
  numeric,
  type OptionTable,
  refuser,
  text,
} from "../check.ts";
import type { Snapshot } from "../monitor/monitor.ts";
import { isHeaderName, isHeaderValue, withoutCredentials } from "./credentials.ts";
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
   * (`http://host:8428/api/v1/import/prometheus`), or an OTLP endpoint for metrics (`http://host:4318/v1/metrics`). A name
   * and a password in it become the header `authorization`, unless that is among `headers`.
   */
  url: string | URL;
  /** What is spoken there. OTLP is sent as JSON. */
  protocol: PushProtocol;
  /** What the app is called: the label `job`, and OTLP's `service.name`. */
  job: string;
  /** What to push. For OTLP it has to be a monitor of this package; for the page, whatever answers one. */
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
   * Headers to send, such as `authorization`. Their values are in no error.
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

/** Texts by name. */
const texts: Kind = entriesOf("texts by name", (key, value, name, refuse) => {
  if (typeof value !== "string") refuse(TypeError, `${name}.${key} must be a string`, value);
});

/** A value is never shown: it may be a token. */
const headerTexts: Kind = entriesOf("texts by name", (key, value, name, refuse) => {
  if (!isHeaderName(key)) refuse(TypeError, `${name} must have names of headers`, new Hidden(key));
  if (typeof value !== "string") refuse(TypeError, `${name}.${key} must be a string`, value);
  if (!isHeaderValue(value as string)) {
    refuse(
      TypeError,
      `${name}.${key} must be the value of a header, without line breaks and characters beyond U+00FF`,
      new Hidden(value as string),
    );
  }
});

function between(least: number, most: number): Kind {
  return numeric(`from ${least} to ${most}`, (value) => value >= least && value <= most);
}

/** What each option of a pusher may be, and its default. */
export const pusherOptions: OptionTable<PusherOptions> = {
  url: {
    is: "an absolute URL",
    check(value, name, refuse) {
      const text = value instanceof URL ? value.href : value;
      if (typeof text !== "string" || !URL.canParse(text)) {
        refuse(TypeError, `${name} must be an absolute URL`, typeof text === "string" ? new Hidden(text) : value);
      }
      const { protocol } = new URL(text as string);
      if (!/^https?:$/.test(protocol)) refuse(RangeError, `${name} must begin with http: or https:`, protocol);
    },
  },
  protocol: text(`one of ${protocols.join(", ")}`, (value) => protocols.includes(value as PushProtocol)),
  job: text("a string with something in it", (value) => value !== ""),
  monitor: {
    is: "a monitor",
    check(value, name, refuse) {
      const { handler, snapshot } = value as PushSource ?? {};
      if (typeof handler !== "function" || typeof snapshot !== "function") {
        refuse(TypeError, `${name} must be a monitor`, value);
      }
    },
  },
  instance: text("a string"),
  labels: { default: {}, ...texts },
  headers: { default: {}, ...headerTexts },
  intervalSeconds: { default: 10, ...between(1, 3600) },
  timeoutSeconds: { default: 5, ...between(0.001, 60) },
  retries: {
    default: 3,
    is: "a whole number from 0 to 10",
    check(value, name, refuse) {
      between(0, 10).check(value, name, refuse);
      if (!Number.isInteger(value)) refuse(RangeError, `${name} must be a whole number`, value);
    },
  },
  maxBytes: { default: 16 * 1024 * 1024, ...between(1, Number.MAX_SAFE_INTEGER) },
  onError: callable,
  fetch: callable,
};

/** Checks a pusher's options and fills defaults in. */
export function checkPusher(options: PusherOptions): PusherSettings {
  const refuse = refuser("Cannot create pusher");
  const given = checkTable(refuse, options, pusherOptions);
  for (const name of ["url", "protocol", "job", "monitor"] as const) {
    if (given[name] === undefined) pusherOptions[name].check(undefined, name, refuse);
  }
  // The page is not asked for: what OTLP is made of is inside.
  if (given.protocol === "otlp") accessTo(given.monitor, "Cannot create pusher");
  const none: Pick<PusherSettings, "fetch" | "instance" | "onError"> = {
    // Bound late, so that it is called as the global's own also where a test has put another in its place.
    fetch: (url: string, init: RequestInit) => globalThis.fetch(url, init),
    instance: undefined,
    onError: undefined,
  };
  const checked = given as Required<PusherOptions>;
  return { ...none, ...checked, ...withoutCredentials(checked.url, checked.headers) };
}
