/**
 * The checks of what a pusher is told.
 *
 * @module
 */

import { accessTo } from "../monitor/access.ts";
import {
  between,
  bounded,
  callable,
  checkTable,
  entriesOf,
  hidden,
  type Kind,
  kind,
  type OptionTable,
  refuser,
  someText,
  text,
  withDefaults,
} from "../check.ts";
import { monitorWith } from "../http/door_options.ts";
import { checkHeader, withoutCredentials } from "./credentials.ts";
import { checkLabels } from "./labels.ts";
import type { PusherOptions, PushProtocol } from "./options.ts";
import { withOtelEnvironment } from "./otel_environment.ts";

/** Options after the checks, with every default filled in. */
export interface PusherSettings extends Required<Omit<PusherOptions, "url" | "instance" | "onError">> {
  readonly url: URL;
  readonly instance: string | undefined;
  readonly onError: ((error: Error) => void) | undefined;
}

const protocols: readonly PushProtocol[] = ["pushgateway", "victoriametrics", "otlp"];

function word(...words: readonly string[]): Kind {
  return text(`one of ${words.join(", ")}`, (value) => words.includes(value));
}

/** What each option of a pusher may be, and its default. */
export const pusherOptions: OptionTable<PusherOptions> = {
  url: hidden(bounded(
    kind("an absolute URL", (value) => value instanceof URL || (typeof value === "string" && URL.canParse(value))),
    "begin with http: or https:",
    (url: URL | string) => /^https?:$/.test(new URL(url).protocol),
  )),
  protocol: { isNeeded: true, ...word(...protocols) },
  job: someText,
  monitor: { isNeeded: true, ...monitorWith("handler", "snapshot") },
  instance: text("a string"),
  labels: {
    default: {},
    ...entriesOf((key, value, name, refuse) => text("a string").check(value, `${name}.${key}`, refuse)),
  },
  encoding: { default: "protobuf", ...word("json", "protobuf") },
  temporality: { default: "cumulative", ...word("cumulative", "delta") },
  compression: { default: "none", ...word("none", "gzip") },
  headers: { default: {}, ...hidden(entriesOf(checkHeader)) },
  intervalSeconds: { default: 10, ...between(1, 3600) },
  timeoutSeconds: { default: 5, ...between(0.001, 60) },
  retries: {
    default: 3,
    ...bounded(between(0, 10), "be a whole number", Number.isInteger),
  },
  maxBytes: { default: 16 * 1024 * 1024, ...between(1, Number.MAX_SAFE_INTEGER) },
  onError: callable,
  fetch: hidden(callable),
};

/** Checks a pusher's options and fills defaults in, and for OTLP what the environment says before them. */
export function checkPusher(options: PusherOptions): PusherSettings {
  const refuse = refuser("Cannot create pusher");
  checkTable(refuse, options, pusherOptions);
  const isOtlp = options.protocol === "otlp";
  for (const name of ["encoding", "temporality"] as const) {
    if (!isOtlp && options[name] !== undefined) {
      refuse(TypeError, `${name} must be left out unless protocol is otlp`, options[name]);
    }
  }
  // The page is not asked for: what OTLP is made of is inside.
  const runtime = isOtlp ? accessTo(options.monitor, "Cannot create pusher").source().runtime : undefined;
  const told = runtime ? withOtelEnvironment(options, (name) => runtime.environment(name), refuse) : options;
  checkLabels(told, refuse);
  for (const name of ["url", "job"] as const) {
    const instead = isOtlp ? ", or OTEL_SERVICE_NAME set" : "";
    if (told[name] === undefined) refuse(TypeError, `${name} must be ${pusherOptions[name].is}${instead}`, undefined);
  }
  if (told.compression === "gzip" && typeof CompressionStream !== "function") {
    refuse(TypeError, "compression must be none where there is no CompressionStream", told.compression);
  }
  const none: Pick<PusherSettings, "fetch" | "instance" | "onError"> = {
    // Bound late, so that it is called as the global's own also where a test has put another in its place.
    fetch: (url: string, init: RequestInit) => globalThis.fetch(url, init),
    instance: undefined,
    onError: undefined,
  };
  const checked = withDefaults(pusherOptions, told) as Required<PusherOptions>;
  return { ...none, ...checked, ...withoutCredentials(checked.url, checked.headers) };
}
