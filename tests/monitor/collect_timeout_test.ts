import { describe, it } from "node:test";
import { assert, assertLess, assertMatch } from "@std/assert";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { metricProducer } from "@rtm/runtime-metrics/otel";
import { createPusher, type PushProtocol } from "@rtm/runtime-metrics/push";
import { Gauge, Registry } from "prom-client";
import { scrape } from "../support/page.ts";

/** Whatever a door asks by itself is 5 s; the time between it and the limit is what a slow machine may take. */
const [collectTimeoutSeconds, wellBelow] = [0.05, 4.5];

function hanging(): Monitor<Registry> {
  const registry = new Registry();
  const collect = (): Promise<void> => new Promise(() => {});
  void new Gauge({ name: "slow", help: "h", registers: [registry], collect });
  return createMonitor({ registry, exposition: { collectTimeoutSeconds } });
}

const accept = (): Promise<Response> => Promise.resolve(new Response("{}"));

/** Everything that asks the app's own metrics. */
const ways: Record<string, (monitor: Monitor<Registry>) => Promise<unknown>> = {
  "the page": (monitor) => scrape(monitor),
  "OpenTelemetry's producer": (monitor) => metricProducer(monitor).collect(),
  "a producer with a time of its own": (monitor) => metricProducer(monitor, { timeoutMillis: 20_000 }).collect(),
  "a reader that waits longer": (monitor) => metricProducer(monitor).collect({ timeoutMillis: 60_000 }),
  "a page of copies": async (monitor) => {
    using _joined = joinCopies(monitor, { deadlineSeconds: 10, group: "collect_timeout" });
    await scrape(monitor);
  },
};
for (const protocol of ["pushgateway", "victoriametrics", "otlp"] satisfies PushProtocol[]) {
  ways[`a push by ${protocol}`] = async (monitor) => {
    const pusher = createPusher({ url: "http://push.example", protocol, job: "j", monitor, fetch: accept });
    assert(await pusher.push(), pusher.stats.lastError);
  };
}

describe("collectTimeoutSeconds", () => {
  for (const [name, ask] of Object.entries(ways)) {
    it(`limits ${name}`, async () => {
      using monitor = hanging();
      const began = performance.now();
      await ask(monitor);
      assertLess((performance.now() - began) / 1000, wellBelow);
      const page = await (await monitor.handler()).text();
      assertMatch(page, /metrics_errors_total\{source="metric:slow"[^}]*\} [1-9]/);
    });
  }
});
