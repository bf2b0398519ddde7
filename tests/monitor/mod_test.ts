import { after, before, describe, it } from "node:test";
import { assertEquals } from "@std/assert";

const names = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "PerformanceObserver"] as const;
const sources = new URL("../../src/", import.meta.url).pathname;
type Globals = Record<typeof names[number], unknown>;

// Imported here and nowhere above, so that its first line runs under the watch.
describe("importing the package", () => {
  const started: string[] = [];
  const real: Partial<Globals> = {};
  const globals = globalThis as unknown as Globals;

  before(() => {
    for (const name of names) {
      const original = real[name] = globals[name];
      globals[name] = new Proxy(original as () => void, {
        apply(target, self, args) {
          if (new Error().stack?.includes(sources)) started.push(name);
          return Reflect.apply(target, self, args);
        },
        construct(target, args) {
          started.push(name);
          return Reflect.construct(target, args);
        },
      });
    }
  });
  after(() => void Object.assign(globals, real));

  it("starts nothing: no timer, no turn, no observer", async () => {
    const { createMonitor } = await import("../../mod.ts");
    await import("../../src/hono/mod.ts");
    await import("../../src/edge/mod.ts");
    await import("../../src/push/mod.ts");
    await import("../../src/node/mod.ts");
    await import("../../src/pools/mod.ts");
    await import("../../src/calls/mod.ts");
    await import("../../src/stalls/mod.ts");
    await import("../../src/copies/mod.ts");
    await import("../../src/otel/mod.ts");
    assertEquals(started, []);
    // The watch would have seen one: a monitor starts its beat.
    createMonitor({ collect: { gc: false } }).stop();
    assertEquals(started, ["setTimeout"]);
  });
});

describe("the public door", () => {
  it("has these names and no other", async () => {
    const door = await import("../../mod.ts");
    assertEquals(Object.keys(door).sort(), ["createMetricsServer", "createMonitor", "httpMetrics"]);
    assertEquals(Object.keys(door.httpMetrics).sort(), [
      "combinedSize",
      "errors",
      "headLatency",
      "highResolutionLatency",
      "instrumentator",
      "latency",
      "requestSize",
      "requests",
      "responseSize",
    ]);
    assertEquals(Object.keys(await import("../../src/hono/mod.ts")).sort(), ["runtimeMetrics", "unmeasured"]);
    assertEquals(Object.keys(await import("../../src/edge/mod.ts")).sort(), [
      "createMonitor",
      "runtimeMetrics",
      "trackContext",
      "unmeasured",
    ]);
    assertEquals(Object.keys(await import("../../src/calls/mod.ts")), ["measureCalls"]);
    assertEquals(Object.keys(await import("../../src/stalls/mod.ts")).sort(), ["recordStalls", "watchdog"]);
    assertEquals(Object.keys(await import("../../src/pools/mod.ts")).sort(), [
      "genericPool",
      "mysqlPool",
      "pLimitPool",
      "pQueuePool",
      "pgPool",
      "piscinaPool",
      "tinypoolPool",
      "undiciPool",
      "workerPool",
      "workerpoolPool",
    ]);
    assertEquals(Object.keys(await import("../../src/push/mod.ts")), ["createPusher"]);
    assertEquals(Object.keys(await import("../../src/node/mod.ts")).sort(), [
      "elysiaMetrics",
      "expressMetrics",
      "fastifyMetrics",
      "instrumentListener",
      "koaMetrics",
      "toNodeListener",
    ]);
    assertEquals(Object.keys(await import("../../src/copies/mod.ts")), ["joinCopies"]);
    assertEquals(Object.keys(await import("../../src/otel/mod.ts")), ["metricProducer"]);
  });
});
