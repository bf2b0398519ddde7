import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { Places } from "../../src/page/scrape_places.ts";
import { parseStrictly } from "../support/strict_page.ts";

const broken = {
  toString() {
    throw new Error("cannot be written");
  },
};

/** What a metric may answer that somebody else wrote. */
const odd: Readonly<Record<string, unknown>> = {
  "no answer": undefined,
  "a number": 5,
  "no values": { name: "odd", help: "O.", type: "gauge", values: null },
  "a name that is none": { name: Symbol("odd"), help: "O.", type: "gauge", values: [] },
  "a help that is none": { name: "odd", help: broken, type: "gauge", values: [{ value: 1 }] },
  "a value that is a symbol": { name: "odd", help: "O.", type: "gauge", values: [{ value: Symbol("x") }] },
  "a hole among the values": { name: "odd", help: "O.", type: "gauge", values: [null] },
  "a label that cannot be written": {
    name: "odd",
    help: "O.",
    type: "gauge",
    values: [{ value: 1, labels: { a: broken } }],
  },
  "labels that throw when they are listed": {
    name: "odd",
    help: "O.",
    type: "gauge",
    values: [{
      value: 1,
      labels: new Proxy({}, {
        ownKeys() {
          throw new Error("no keys");
        },
      }),
    }],
  },
  "an exemplar that cannot be written": {
    name: "odd",
    help: "O.",
    type: "counter",
    values: [{ value: 1, labels: {}, exemplar: { labelSet: { trace: broken }, value: 1 } }],
  },
  "a bucket without a bound": {
    name: "odd",
    help: "O.",
    type: "histogram",
    values: [{ value: 1, labels: {}, metricName: "odd_bucket" }],
  },
  "a bound that cannot be read": {
    name: "odd",
    help: "O.",
    type: "histogram",
    values: [{ value: 1, labels: { le: broken }, metricName: "odd_bucket" }],
  },
  "a quantile that is none": {
    name: "odd",
    help: "O.",
    type: "summary",
    values: [{ value: 1, labels: { quantile: "most" } }],
  },
  "a bound among the labels of a gauge": {
    name: "odd",
    help: "O.",
    type: "gauge",
    values: [{ value: 1, labels: { le: "x", quantile: broken } }],
  },
  "a sample whose name is none": { name: "odd", help: "O.", type: "gauge", values: [{ value: 1, metricName: 7 }] },
};

const accepts = {
  text: "text/plain",
  openmetrics: "application/openmetrics-text",
  json: "application/json",
} as const;

describe("an odd metric costs only itself, and no place", () => {
  for (const [what, answer] of Object.entries(odd)) {
    it(`in every format, with ${what}`, async () => {
      const registry = new Registry();
      using monitor = createMonitor({ registry, exposition: { maxConcurrentScrapes: 1 } });
      registry.registerMetric({ name: "odd", help: "O.", type: "gauge", get: () => answer } as never);
      new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
      for (let round = 0; round < 3; round++) {
        for (const [format, accept] of Object.entries(accepts)) {
          const response = await monitor.handler(new Request("http://localhost/", { headers: { accept } }));
          const text = await response.text();
          assertEquals(response.status, 200, format);
          if (format === "json") {
            const { families } = JSON.parse(text) as { families: { name: string; series: unknown[] }[] };
            assertEquals(families.find(({ name }) => name === "fine")?.series, [{ labels: {}, value: 7 }]);
          } else {
            const fine = parseStrictly(text, format as "text").find(({ name }) => name === "fine");
            assertEquals(fine?.samples.map(({ value }) => value), [7]);
          }
        }
      }
    });
  }

  it("also where it has no name, or is not even an object", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry });
    new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
    const all = registry.getMetricsAsArray.bind(registry);
    const nameless = {
      get name(): string {
        throw new Error("no name");
      },
      get: () => ({ name: "nameless", help: "N.", type: "gauge", values: [{ value: 1 }] }),
    };
    registry.getMetricsAsArray = () => [null, 5, {}, nameless, ...all()] as never;
    const text = await (await monitor.handler()).text();
    assertStringIncludes(text, "\nfine 7\n");
    assertStringIncludes(text, "\nnameless 1\n");
    assertStringIncludes(text, 'runtime_metrics_errors_total{source="metric:unnamed"} 3\n');
  });

  it("also where a default label cannot be written", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry });
    new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
    registry.setDefaultLabels({ zone: "b", odd: broken as never });
    for (const [format, accept] of Object.entries(accepts)) {
      const response = await monitor.handler(new Request("http://localhost/", { headers: { accept } }));
      const shown = format === "json" ? '"labels":{"zone":"b"},"value":7' : '\nfine{zone="b"} 7\n';
      assertStringIncludes(await response.text(), shown);
    }
  });
});

describe("places", () => {
  it("come back where a page breaks in the middle, whatever breaks it", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry, exposition: { maxConcurrentScrapes: 1, compress: false } });
    const gauge = new Gauge({ name: "big", help: "B.", labelNames: ["i"], registers: [registry] });
    for (let i = 0; i < 20_000; i++) gauge.set({ i }, i);
    const real = TextEncoder.prototype.encodeInto;
    let calls = 0;
    try {
      TextEncoder.prototype.encodeInto = function (...given) {
        if (++calls % 2 === 0) throw new Error("out of memory");
        return real.apply(this, given);
      };
      for (let i = 0; i < 5; i++) {
        const response = await monitor.handler(new Request("http://localhost/?name[]=big"));
        assertEquals(response.status, 200);
        const whole = await response.text().then(() => true, () => false);
        assertEquals(whole, false);
      }
    } finally {
      TextEncoder.prototype.encodeInto = real;
    }
    const response = await monitor.handler(new Request("http://localhost/?name[]=big"));
    assertEquals([response.status, (await response.text()).split("\n").length], [200, 20_003]);
  });

  it("go to the next scrape where no timer can end one that nobody reads", () => {
    const places = new Places(2);
    const [first, second] = [places.take(0)!, places.take(0)!];
    assertEquals(places.take(0), undefined);
    first.aliveUntil = 10;
    assertEquals(places.take(10), undefined);
    const third = places.take(10.1)!;
    // What was lost and ends after all takes no place from anybody.
    first.free();
    assertEquals(places.take(11), undefined);
    second.free();
    second.free();
    third.free();
    assertEquals([places.take(12), places.take(12), places.take(12)].map((place) => place !== undefined), [
      true,
      true,
      false,
    ]);
  });
});
