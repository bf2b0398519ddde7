import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import type { PusherOptions } from "@rtm/runtime-metrics/push";
import { insideOf, withAccess } from "../../src/monitor/access.ts";
import { checkPusher, type PusherSettings } from "../../src/push/check_pusher.ts";
import { startable } from "../support/startable.ts";

type Environment = Readonly<Record<string, string>>;

/** What a pusher is made with where these variables are set, and no others. */
function settingsOf(environment: Environment, options: Partial<PusherOptions> = {}): PusherSettings {
  const monitor = createMonitor({ registry: new Registry() });
  const inside = insideOf(monitor)!;
  const runtime = { ...inside.source().runtime, environment: (name: string) => environment[name] };
  const { handler, snapshot } = monitor;
  const source = () => ({ ...inside.source(), runtime });
  const monitored = withAccess({ handler, snapshot }, { ...inside, source });
  monitor.stop();
  return checkPusher({ protocol: "otlp", monitor: monitored, ...options });
}

const needed = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://host:4318", OTEL_SERVICE_NAME: "api" };

describe("a pusher that speaks OTLP and is told nothing", () => {
  it("reads OpenTelemetry's environment", () => {
    const { url, job, instance, labels, ...rest } = settingsOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.example/base/",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=k%2C1, authorization=Basic a2V5Og==,",
      OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "Delta",
      OTEL_METRIC_EXPORT_INTERVAL: "60000",
      OTEL_SERVICE_NAME: "api",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=other,service.instance.id=pod-1,deployment%2Eenvironment=a%20b%2Cc,team=",
    });
    assertEquals([url.href, job, instance], ["https://otlp.example/base/v1/metrics", "api", "pod-1"]);
    assertEquals(labels, { "deployment.environment": "a b,c", team: "" });
    assertEquals(rest.headers, { "api-key": "k,1", authorization: "Basic a2V5Og==" });
    assertEquals([rest.timeoutSeconds, rest.intervalSeconds], [2.5, 60]);
    assertEquals([rest.compression, rest.encoding, rest.temporality], ["gzip", "json", "delta"]);
  });

  it("joins the path of metrics to the general endpoint, and takes their own as it is", () => {
    for (
      const [endpoint, url] of [
        ["http://host:4318", "http://host:4318/v1/metrics"],
        ["http://host:4318/", "http://host:4318/v1/metrics"],
        ["http://host/a/b", "http://host/a/b/v1/metrics"],
        ["http://host/a?key=1", "http://host/a/v1/metrics?key=1"],
      ]
    ) {
      assertEquals(settingsOf({ ...needed, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint! }).url.href, url);
    }
    for (const [endpoint, url] of [["http://own", "http://own/"], ["http://own/x/", "http://own/x/"]]) {
      assertEquals(settingsOf({ ...needed, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint! }).url.href, url);
    }
  });

  it("prefers what is said of metrics alone", () => {
    const { headers, timeoutSeconds, compression, encoding } = settingsOf({
      ...needed,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=general,x=1",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "authorization=own",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "2000",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: "none",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "http/protobuf",
    });
    // Whole: what is meant for the general address must not go to another one.
    assertEquals(headers, { authorization: "own" });
    assertEquals([timeoutSeconds, compression, encoding], [2, "none", "protobuf"]);
  });

  it("keeps its defaults where nothing is set, or nothing is in it", () => {
    const names = ["HEADERS", "TIMEOUT", "COMPRESSION", "PROTOCOL", "METRICS_ENDPOINT"];
    const empty = Object.fromEntries(names.map((name) => [`OTEL_EXPORTER_OTLP_${name}`, " "]));
    for (const environment of [needed, { ...needed, ...empty, OTEL_RESOURCE_ATTRIBUTES: "" }]) {
      const { headers, timeoutSeconds, intervalSeconds, encoding, compression, temporality, labels } = settingsOf(
        environment,
      );
      assertEquals({ headers, timeoutSeconds, intervalSeconds, encoding, compression, temporality, labels }, {
        headers: {},
        timeoutSeconds: 5,
        intervalSeconds: 10,
        encoding: "protobuf",
        compression: "none",
        temporality: "cumulative",
        labels: {},
      });
    }
  });

  it("takes an instance without a name for none: senders that share it would count into one series", () => {
    const named = (id: string) => settingsOf({ ...needed, OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${id},a=b` });
    assertEquals([named("").instance, named("pod-1").instance], [undefined, "pod-1"]);
    assertEquals(named("").labels, { a: "b" });
  });

  it("takes what keeps the least for cumulative, which keeps nothing", () => {
    const preference = (value: string) =>
      settingsOf({ ...needed, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: value }).temporality;
    assertEquals(["lowmemory", "LowMemory", "cumulative"].map(preference), ["cumulative", "cumulative", "cumulative"]);
  });

  it("makes a header of the name and the password in an endpoint", () => {
    const { url, headers } = settingsOf({ ...needed, OTEL_EXPORTER_OTLP_ENDPOINT: "http://me:secret@host:4318" });
    assertEquals([url.href, headers], ["http://host:4318/v1/metrics", { authorization: `Basic ${btoa("me:secret")}` }]);
  });
});

describe("options of a pusher that speaks OTLP", () => {
  it("win over the environment", () => {
    const settings = settingsOf({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "nonsense",
      OTEL_EXPORTER_OTLP_HEADERS: "nonsense",
      OTEL_EXPORTER_OTLP_TIMEOUT: "nonsense",
      OTEL_EXPORTER_OTLP_COMPRESSION: "nonsense",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "nonsense",
      OTEL_METRIC_EXPORT_INTERVAL: "nonsense",
      OTEL_SERVICE_NAME: "theirs",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=x,service.instance.id=theirs,zone=theirs,team=t",
    }, {
      url: "http://own/v1/metrics",
      job: "own",
      instance: "own",
      labels: { zone: "own" },
      headers: { a: "own" },
      timeoutSeconds: 1,
      intervalSeconds: 2,
      compression: "none",
      encoding: "json",
      temporality: "cumulative",
    });
    const { url, job, instance, labels, headers, timeoutSeconds, intervalSeconds } = settings;
    assertEquals([url.href, job, instance, timeoutSeconds, intervalSeconds], [
      "http://own/v1/metrics",
      "own",
      "own",
      1,
      2,
    ]);
    assertEquals([labels, headers], [{ zone: "own", team: "t" }, { a: "own" }]);
  });

  it("are all that counts for other protocols", () => {
    const { url, headers, intervalSeconds, labels } = settingsOf({
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret",
      OTEL_METRIC_EXPORT_INTERVAL: "nonsense",
      OTEL_RESOURCE_ATTRIBUTES: "a=b",
    }, { protocol: "pushgateway", url: "http://gateway", job: "j" });
    assertEquals([url.href, headers, intervalSeconds, labels], ["http://gateway/", {}, 10, {}]);
    for (const [name, value] of [["encoding", "json"], ["temporality", "delta"]] as const) {
      assertThrows(
        () => settingsOf({}, { protocol: "victoriametrics", url: "http://host", job: "j", [name]: value }),
        TypeError,
        `Cannot create pusher: ${name} must be left out unless protocol is otlp, got "${value}"`,
      );
    }
  });

  it("need not tell an endpoint: without one it is the specification's", () => {
    const { url } = settingsOf({ OTEL_SERVICE_NAME: "a", OTEL_EXPORTER_OTLP_ENDPOINT: "" });
    assertEquals(url.href, "http://localhost:4318/v1/metrics");
  });

  it("have to tell what the environment does not", () => {
    const refused = (environment: Environment, message: string, options?: Partial<PusherOptions>) =>
      assertThrows(
        () => settingsOf(environment, options),
        TypeError,
        `Cannot create pusher: ${message}, got undefined`,
      );
    refused(
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://host" },
      "job must be a string with something in it, or OTEL_SERVICE_NAME set",
    );
    refused(needed, "url must be an absolute URL", { protocol: "pushgateway", job: "j" });
    refused(needed, "job must be a string with something in it", { protocol: "pushgateway", url: "http://host" });
  });
});

describe("a variable of OpenTelemetry's that says nothing that could be", () => {
  it("is refused by its name, and what may be a secret is not shown", () => {
    for (
      const [name, value, message] of [
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "host:secret", "must be an absolute URL that begins with http: or https:"],
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://secret", "must be an absolute URL that begins with http: or https:"],
        ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "secret", "must be an absolute URL"],
        ["OTEL_EXPORTER_OTLP_HEADERS", "secret", "must be pairs such as a=b,c=d with percent-encoded values"],
        ["OTEL_EXPORTER_OTLP_HEADERS", "=secret", "must be pairs such as a=b,c=d"],
        ["OTEL_EXPORTER_OTLP_HEADERS", "key=secret%", "must be pairs such as a=b,c=d"],
        [
          "OTEL_EXPORTER_OTLP_HEADERS",
          "key=secret%0Ax: y",
          "key must be the value of a header, without line breaks and characters beyond U+00FF, got a string of 11 characters",
        ],
        ["OTEL_EXPORTER_OTLP_HEADERS", "a key=secret", "must have names of headers, got a string of 5 characters"],
        ["OTEL_EXPORTER_OTLP_METRICS_HEADERS", "key=secret%E2%82%AC", "key must be the value of a header"],
        [
          "OTEL_EXPORTER_OTLP_HEADERS",
          "Content-Type=a",
          "Content-Type must be left out: the protocol or the connection says it",
        ],
      ] as const
    ) {
      const error = assertThrows(() => settingsOf({ ...needed, [name]: value }), Error);
      assertStringIncludes(
        error.message,
        `Cannot create pusher: ${name}${/^(key|Content-Type) /.test(message) ? "." : " "}${message}`,
      );
      assertEquals(error.message.includes("secret"), false, error.message);
    }
  });
});

/** What is made of an environment, and what is warned of. */
function warned(environment: Environment): [settings: PusherSettings, warnings: string[]] {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (sentence: string) => void warnings.push(sentence);
  try {
    return [settingsOf({ ...needed, ...environment }), warnings];
  } finally {
    console.warn = warn;
  }
}

describe("attributes of OpenTelemetry's environment", () => {
  it("are all left out where one cannot be read, which is warned of without showing them", () => {
    for (const odd of ["secret", "zone=a,secret", "=secret", "zone=a,=secret", "zone=secret%ff", "zo%ne=secret"]) {
      const [{ labels, job }, warnings] = warned({ OTEL_SERVICE_NAME: "a", OTEL_RESOURCE_ATTRIBUTES: odd });
      assertEquals([labels, job], [{}, "a"], odd);
      assertEquals(warnings, [
        "Cannot use OTEL_RESOURCE_ATTRIBUTES: it must be pairs such as a=b,c=d with percent-encoded values",
      ]);
    }
  });
});

describe("a word of OpenTelemetry's environment", () => {
  for (
    const [setting, general, own, words, value, other, known] of [
      ["encoding", "PROTOCOL", "PROTOCOL", "http/json, http/protobuf", "protobuf", "json", "HTTP/JSON"],
      ["compression", "COMPRESSION", "COMPRESSION", "gzip, none", "none", "gzip", "GZip"],
      [
        ...["temporality", undefined, "TEMPORALITY_PREFERENCE", "cumulative, delta, lowmemory"],
        ...["cumulative", "delta", "DELTA"],
      ],
    ] as const
  ) {
    it(`that tells the ${setting} and is not known is warned of, and as if it were not set`, () => {
      const told = (environment: Environment): [setting: unknown, warnings: string[]] => {
        const [settings, warnings] = warned(environment);
        return [settings[setting], warnings];
      };
      const ownName = `OTEL_EXPORTER_OTLP_METRICS_${own}`;
      const names = general ? [ownName, `OTEL_EXPORTER_OTLP_${general}`] : [ownName];
      for (const odd of ["grpc", "zstd", "both", "constructor", "1"]) {
        for (const name of names) {
          const warning = `Cannot use ${name}: it must be one of ${words}, got "${odd}"`;
          assertEquals(told({ [name]: odd }), [value, [warning]]);
        }
        if (general) {
          const [, warnings] = told({ [names[0]!]: odd, [names[1]!]: known });
          assertEquals(told({ [names[0]!]: odd, [names[1]!]: known }), [other, warnings]);
          assertEquals(warnings.length, 1);
        }
      }
      assertEquals(told({ [names[0]!]: known }), [other, []]);
    });
  }
});

describe("a number of OpenTelemetry's environment", () => {
  const [timeout, own] = ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"];
  const [exporting, interval] = ["OTEL_METRIC_EXPORT_TIMEOUT", "OTEL_METRIC_EXPORT_INTERVAL"];

  /** What is made of it, and how it is warned of. */
  function told(environment: Environment): [timeout: number, interval: number, warnings: string[]] {
    const [{ timeoutSeconds, intervalSeconds }, warnings] = warned(environment);
    return [timeoutSeconds, intervalSeconds, warnings];
  }

  it("is a whole number of milliseconds, and all else is warned of and as if it were not set", () => {
    for (
      const value of ["soon", "0x10", "1.5", "1e3", "-1", "+1", "1_000", "1,000", "60001", "1s", "Infinity", "NaN"]
    ) {
      const warning = `must be a whole number of milliseconds from 0 to 60000, got "${value}"`;
      assertEquals(told({ [timeout]: value }), [5, 10, [`Cannot use ${timeout}: it ${warning}`]]);
      assertEquals(told({ [own]: value, [timeout]: "7000" }), [7, 10, [`Cannot use ${own}: it ${warning}`]]);
      assertEquals(told({ [exporting]: value }), [5, 10, [`Cannot use ${exporting}: it ${warning}`]]);
    }
    for (const value of ["10", "0", "3600001", "0x800", "2000.5", "-2000"]) {
      const warning = `must be a whole number of milliseconds from 1000 to 3600000, got "${value}"`;
      assertEquals(told({ [interval]: value }), [5, 10, [`Cannot use ${interval}: it ${warning}`]]);
    }
    assertEquals(told({ [timeout]: " 007 ", [interval]: "1000" }), [0.007, 1, []]);
  });

  it("bounds an attempt by the shorter of both timeouts, and by none where it is 0", () => {
    assertEquals(told({ [exporting]: "3000" }), [3, 10, []]);
    assertEquals(told({ [exporting]: "3000", [timeout]: "2000" }), [2, 10, []]);
    assertEquals(told({ [exporting]: "3000", [own]: "4000", [timeout]: "2000" }), [3, 10, []]);
    assertEquals(told({ [timeout]: "0" }), [60, 10, []]);
    assertEquals(told({ [timeout]: "0", [exporting]: "3000" }), [3, 10, []]);
    assertEquals(told({ [exporting]: "0", [own]: "1" }), [0.001, 10, []]);
  });
});

describe("the environment of a real process", () => {
  const program = startable("tests/support/otel_environment_program.ts");
  const environment = { ...needed, OTEL_EXPORTER_OTLP_HEADERS: "api-key=k" };
  const isDeno = "Deno" in globalThis;

  function run(args: readonly string[]): { told: unknown; stderr: string } {
    const { stdout, stderr } = spawnSync(process.execPath, [...args, program], {
      // A prompt would wait for an answer that never comes.
      encoding: "utf8",
      timeout: 60_000,
      env: { ...process.env, ...environment, NO_COLOR: "1" },
    });
    return { told: stdout ? JSON.parse(stdout) : undefined, stderr };
  }

  const args = isDeno ? ["run", "-A"] : [];

  it("is what is read", () => {
    const { told, stderr } = run(args);
    assertEquals(told, { url: "http://host:4318/v1/metrics", job: "api", headers: { "api-key": "k" } }, stderr);
  });

  it("is not read without the permission, and not asked for", { skip: !isDeno && "Deno alone has permissions" }, () => {
    const { told, stderr } = run(["run", "--allow-read", "--allow-import", "--no-prompt"]);
    const message = "Cannot create pusher: job must be a string with something in it, or OTEL_SERVICE_NAME set";
    assertEquals(told, { error: `${message}, got undefined` }, stderr);
    const some = run(["run", "--allow-read", "--allow-env=OTEL_SERVICE_NAME,OTEL_EXPORTER_OTLP_ENDPOINT"]);
    assertEquals(some.told, { url: "http://host:4318/v1/metrics", job: "api", headers: {} }, some.stderr);
  });
});
