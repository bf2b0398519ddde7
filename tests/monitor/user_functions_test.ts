import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import process from "node:process";
import vm from "node:vm";
import { assert, assertEquals } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor, type Monitor, type MonitorOptions } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { livePage } from "@rtm/runtime-metrics/live";
import { createPusher } from "@rtm/runtime-metrics/push";
import { recordStalls } from "@rtm/runtime-metrics/stalls";
import { block } from "../support/loop.ts";
import { Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** What a function of the user's may do by mistake; a rejection that nobody handles would end the process. */
const mistakes: Record<string, () => unknown> = {
  "throws": () => {
    throw new Error("by mistake");
  },
  "throws no error": () => {
    throw undefined;
  },
  "rejects": () => Promise.reject(new Error("by mistake")),
  "rejects in another realm": () => vm.runInNewContext("Promise.reject(new Error('by mistake'))"),
  "rejects later": () => delay(1).then(() => Promise.reject(new Error("by mistake"))),
  "never settles": () => new Promise(() => {}),
  "answers a thenable": () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error("lazy")) }),
  "answers a thenable that throws": () => ({
    then() {
      throw new Error("by mistake");
    },
  }),
  "answers what throws when it is asked for its then": () =>
    Object.defineProperty({}, "then", {
      get() {
        throw new Error("by mistake");
      },
    }),
};

/** What may answer a promise on purpose makes a mistake only where that rejects; a thenable is waited for as well. */
const failures = Object.keys(mistakes).filter((mistake) => mistake !== "never settles");

interface Case {
  /** Under which source the mistake is counted. */
  source: string;
  options?: (mistake: Any) => MonitorOptions;
  /** Runs into the mistake; the app's answer is checked here. */
  run(monitor: Monitor, mistake: Any): unknown;
  /** Of the mistakes those that are some, all of them when it is absent. */
  only?: readonly string[];
}

async function ask(monitor: Monitor, route?: Any): Promise<void> {
  const handler = monitor.instrument((_request: Request) => new Response("fine"), route && { route });
  assertEquals(await (await handler(new Request("http://localhost/"))).text(), "fine");
}

const push = (monitor: Monitor, more: Any) =>
  createPusher({ url: "http://push.example", protocol: "pushgateway", job: "j", monitor, retries: 0, ...more }).push();

const cases: Record<string, Case> = {
  "http.exclude": { source: "http", options: (mistake) => ({ http: { exclude: [mistake] } }), run: (m) => ask(m) },
  "http.computedLabels": {
    source: "http",
    options: (mistake) => ({ http: { computedLabels: { tenant: mistake } } }),
    run: (m) => ask(m),
  },
  "http.observers": {
    source: "http",
    options: (mistake) => ({ http: { observers: [mistake] } }),
    run: (m) => ask(m),
    only: failures,
  },
  "route": { source: "http", run: (m, mistake) => ask(m, mistake) },
  "a pattern's test()": { source: "http", run: (m, mistake) => ask(m, [{ pathname: "/:id", test: mistake }]) },
  "exposition.authorize": {
    source: "authorize",
    options: (authorize) => ({ exposition: { authorize, collectTimeoutSeconds: 0.05 } }),
    run: async (m) => assertEquals((await m.handler(new Request("http://localhost/"))).status, 401),
  },
  "a pool's source": { source: "pool:odd", run: (m, mistake) => m.pool("odd", mistake) },
  "a pool's watch()": {
    source: "pool:odd",
    run: (m, mistake) => m.pool("odd", Object.assign(() => ({ active: 1 }), { watch: mistake })),
  },
  "what ends a pool's watch": {
    source: "pool:odd",
    run: (m, mistake) => m.pool("odd", Object.assign(() => ({ active: 1 }), { watch: () => mistake }))(),
    only: failures,
  },
  "isHit": {
    source: "cache",
    run(m, isHit) {
      assertEquals(measureCalls(m).cache("users", () => "found", { isHit })(), "found");
    },
  },
  "a source of connections": { source: "connections", run: (m, mistake) => measureCalls(m).connections(mistake) },
  "observe()": {
    source: "time",
    run: (m, observe) => assertEquals(measureCalls(m).time({ observe }, {}, () => "done"), "done"),
    only: failures,
  },
  "onStall": {
    source: "stalls",
    async run(m, onStall) {
      recordStalls(m, { thresholdSeconds: 0.06, stacks: false, onStall });
      await delay(50);
      block(0.15);
    },
    only: failures,
  },
  "the pusher's onError": {
    source: "push",
    async run(m, onError) {
      const refused = (): Promise<Response> => Promise.resolve(new Response(null, { status: 400 }));
      assertEquals(await push(m, { onError, fetch: refused }), false);
    },
    only: failures,
  },
};

describe("a function of the user's", () => {
  for (const [name, { source, options, run, only }] of Object.entries(cases)) {
    it(`that fails ends nothing, changes no answer, and is counted: ${name}`, async () => {
      const unhandled: unknown[] = [];
      const note = (error: unknown): void => void unhandled.push(error);
      process.on("unhandledRejection", note);
      try {
        for (const [mistake, make] of Object.entries(mistakes)) {
          if (only && !only.includes(mistake)) continue;
          using monitor = createMonitor({ registry: new Registry(), ...options?.(make) });
          await run(monitor, make);
          // Not by the handler: where `authorize` fails nobody may read the page.
          const read = async (): Promise<Page> =>
            name === "exposition.authorize" ? new Page(await pageOf(monitor)) : await scrape(monitor);
          const errors = (page: Page): number =>
            page.series.get(`runtime_metrics_errors_total{source="${source}"}`) ?? 0;
          const page = await until(read, (page) => errors(page) > 0, 5);
          assert(errors(page) > 0, `${mistake} is not counted`);
        }
        // What was rejected is told behind the turn in which nobody has handled it.
        await delay(20);
      } finally {
        process.off("unhandledRejection", note);
      }
      assertEquals(unhandled, []);
    });
  }

  it("that sends pushes may fail in any way: the push is given up", async () => {
    for (const [mistake, fetch] of Object.entries(mistakes)) {
      using monitor = createMonitor({ registry: new Registry() });
      const told: Error[] = [];
      const more = { fetch, timeoutSeconds: 0.05, onError: (error: Error) => told.push(error) };
      assertEquals([await push(monitor, more), told.length], [false, 1], mistake);
    }
  });

  it("that tells the live page its stalls may fail in any way: the page is there", async () => {
    for (const [mistake, recent] of Object.entries(mistakes)) {
      using monitor = createMonitor({ registry: new Registry() });
      const live = livePage(monitor, { public: true, stalls: { recent, profile: recent } as Any });
      for (const query of ["", "?since=0", "?format=json", "?stall=1", "?profile=1"]) {
        const { status } = await live.handler(new Request(`http://localhost/live${query}`));
        assert(status === 200 || status === 404, `${mistake}: ${query} is ${status}`);
      }
      assert((await scrape(monitor)).value('runtime_metrics_errors_total{source="live"}') > 0, mistake);
    }
  });
});

/** The page as prom-client writes it, past every guard. */
async function pageOf(monitor: Monitor): Promise<string> {
  return await (monitor.registry as Registry).metrics();
}
