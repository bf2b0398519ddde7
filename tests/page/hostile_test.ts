import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { createPusher } from "../../src/push/mod.ts";
import { acceptsGzip, negotiateFormat } from "../../src/page/negotiation.ts";
import { deferred } from "../support/loop.ts";

const formats = ["text/plain", "application/openmetrics-text", "application/json"];
const page = (accept: string, headers: Record<string, string> = {}): Request =>
  new Request("http://localhost/metrics", { headers: { accept, ...headers } });

describe("what a stranger sends", () => {
  it("is not read at all where it is longer than any scraper's", () => {
    assertEquals(negotiateFormat("application/json," + "*,".repeat(4000)).name, "text");
    assertEquals(acceptsGzip("gzip," + "*,".repeat(4000)), false);
  });
});

describe("an odd metric", () => {
  const odd: Record<string, object> = {
    "a bucket without its bound": {
      name: "odd",
      help: "h",
      type: "histogram",
      get: () => ({
        name: "odd",
        help: "h",
        type: "histogram",
        values: [{ metricName: "odd_bucket", labels: {}, value: 1 }],
      }),
    },
    "a label that throws when it is written": {
      name: "odd",
      help: "h",
      type: "gauge",
      get: () => ({
        name: "odd",
        help: "h",
        type: "gauge",
        values: [{
          labels: {
            a: {
              toString() {
                throw new Error("no");
              },
            },
          },
          value: 1,
        }],
      }),
    },
  };
  for (const [name, metric] of Object.entries(odd)) {
    it(`costs only itself, in every format and however often: ${name}`, async () => {
      const registry = new Registry();
      registry.registerMetric(metric as never);
      new Gauge({ name: "fine", help: "h", registers: [registry] }).set(7);
      using monitor = createMonitor({ registry, exposition: { maxConcurrentScrapes: 2 } });
      for (let i = 0; i < 5; i++) {
        for (const accept of formats) {
          const response = await monitor.handler(page(accept));
          const text = await response.text();
          assertEquals(response.status, 200);
          assert(/\bfine\b/.test(text), `${accept}: ${text.slice(-200)}`);
          if (accept === "application/json") JSON.parse(text);
        }
      }
    });
  }
});

describe("a metric that does not answer", () => {
  const never = (then: unknown): object => ({
    name: "slow",
    help: "h",
    type: "gauge",
    get: () => ({ then }),
  });

  it("has its time limit, be its promise what it may", async () => {
    const registry = new Registry();
    registry.registerMetric(never(() => {}) as never);
    using monitor = createMonitor({ registry, exposition: { collectTimeoutSeconds: 0.05 } });
    assertEquals((await monitor.handler(page("text/plain"))).status, 200);
  });

  it("stays on everybody else's page, whatever one scraper's timeout says", async () => {
    const registry = new Registry();
    const ready = deferred<void>();
    new Gauge({
      name: "slow",
      help: "h",
      registers: [registry],
      async collect() {
        await ready.promise;
        this.set(3);
      },
    });
    using monitor = createMonitor({ registry });
    const hasty = monitor.handler(page("text/plain", { "x-prometheus-scrape-timeout-seconds": "0.00001" }));
    const patient = monitor.handler(page("text/plain"));
    assert(!(await (await hasty).text()).includes("\nslow 3\n"));
    ready.resolve();
    assert((await (await patient).text()).includes("\nslow 3\n"));
    assert((await (await monitor.handler(page("text/plain"))).text()).includes("\nslow 3\n"));
  });
});

describe("a pusher that is stopped in the pause before another attempt", () => {
  it("waits for no other attempt and sends the last push", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry });
    let attempts = 0;
    let failed!: () => void;
    const firstFailed = new Promise<void>((resolve) => failed = resolve);
    const pusher = createPusher({
      monitor,
      protocol: "pushgateway",
      url: "http://localhost:9",
      job: "j",
      intervalSeconds: 600,
      retries: 5,
      fetch: () => {
        if (attempts++ > 0) return Promise.resolve(new Response(null, { status: 200 }));
        setTimeout(failed, 5);
        return Promise.resolve(new Response("busy", { status: 503, headers: { "retry-after": "300" } }));
      },
    });
    const pushed = pusher.push();
    await firstFailed;
    await pusher.stop();
    assertEquals(await pushed, false);
    assertEquals(attempts, 2);
    assertEquals([pusher.stats.pushed, pusher.stats.failed], [1, 1]);
  });
});
