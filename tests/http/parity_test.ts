import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor, httpMetrics, type MonitorOptions, type RequestInfo } from "../../mod.ts";
import { runtimeMetrics, unmeasured } from "../../src/hono/mod.ts";
import { catalog } from "../../src/metrics/catalog/catalog.ts";
import { type Ours, seedParity } from "../../scripts/seed_parity.ts";

const metricNames = new Set(catalog.map(({ name, bare }) => bare ? name : `runtime_${name}`));

/** A value of each option of a metric that is not its default. */
const other: Record<string, unknown> = {
  name: "another_name",
  help: "Another text.",
  labels: { route: "handler" },
  buckets: [1, 2],
  until: "head",
  only2xx: true,
  only2xxForHighResolution: true,
  highResolutionBuckets: [1, 2],
  lowResolutionBuckets: [1, 2],
};

/** Everything that a recorder is told. */
const info = ((): RequestInfo => {
  const told: RequestInfo[] = [];
  using monitor = createMonitor({ registry: new Registry(), http: { observers: [(each) => void told.push(each)] } });
  monitor.instrument((_: Request) => new Response(null))(new Request("http://localhost/"));
  return told[0]!;
})();

/** Is that option known? What is not known is an error. */
function isOption(options: object): boolean {
  try {
    createMonitor({ registry: new Registry(), ...options }).stop();
    return true;
  } catch {
    return false;
  }
}

/** Is it there? */
function exists(ours: Ours | string): boolean {
  const [head, ...rest] = ours.split(".");
  const [first, second] = rest as [string, string?];
  switch (head) {
    case "createMonitor":
      return isOption(second === undefined ? { [first]: undefined } : { [first]: { [second]: true } });
    case "http":
      return isOption({ http: second === undefined ? { [first]: undefined } : { [first]: { [second]: undefined } } });
    case "httpMetrics": {
      const make = httpMetrics[first as "latency"] as ((options?: object) => unknown) | undefined;
      if (make === undefined) return false;
      return second === undefined || JSON.stringify(make({ [second]: other[second] })) !== JSON.stringify(make());
    }
    case "monitor": {
      using monitor = createMonitor({ registry: new Registry() });
      return first in monitor;
    }
    case "recorder":
      return second! in info;
    case "instrument":
      return refuses((monitor) => monitor.instrument(() => {}, { [first]: 5 }));
    case "runtimeMetrics":
      return refuses((monitor) => void runtimeMetrics(monitor, { [first]: 5 }));
    case "unmeasured":
      return typeof unmeasured === "function";
    default:
      return metricNames.has(ours);
  }
}

/** Is a wrong value of that option an error? Then the option is looked at. */
function refuses(call: (monitor: ReturnType<typeof createMonitor>) => unknown): boolean {
  using monitor = createMonitor({ registry: new Registry() } as MonitorOptions);
  assertThrows(() => call(monitor as never), TypeError);
  return true;
}

describe("everything that those before us have is here", () => {
  for (const { seed, theirs, ours } of seedParity) {
    it(`${seed}: ${theirs}`, () => {
      assert(ours.length > 0);
      for (const each of ours) assert(exists(each), `${each} is not there`);
    });
  }

  it("and what is not here is told from what is", () => {
    const missing = [
      "http_nothing_total",
      "createMonitor.nothing",
      "createMonitor.collect.nothing",
      "http.nothing",
      "http.inProgress.nothing",
      "httpMetrics.nothing",
      "httpMetrics.latency.nothing",
      "monitor.nothing",
      "recorder.info.nothing",
    ];
    assertEquals(missing.filter(exists), []);
  });

  it("and stands in the table once", () => {
    const rows = seedParity.map(({ seed, theirs }) => `${seed}: ${theirs}`);
    assertEquals(new Set(rows).size, rows.length);
    for (const { theirs, note } of seedParity) {
      assertNotEquals(theirs, "");
      // A table's cells are single lines.
      assert(!`${theirs}${note}`.includes("\n"));
    }
  });
});
