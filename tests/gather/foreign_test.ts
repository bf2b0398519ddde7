import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { assertEquals, assertFalse, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { Counter, Gauge, Registry } from "prom-client";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { Core } from "../../src/core/core.ts";
import { pageHandler } from "../../src/page/handler.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { Page } from "../support/page.ts";
import { formats, renderPage } from "../support/render.ts";
import { parseStrictly } from "../support/strict_page.ts";
import { until } from "../support/until.ts";

function begin(): { registry: Registry; core: Core } {
  const registry = new Registry();
  const core = new Core(new FakeRuntime(), registry, checkOptions({}), wholeProcess);
  core.start();
  return { registry, core };
}

/** A metric that answers, or does, anything. */
function enter(registry: Registry, name: string, get: () => unknown): void {
  registry.registerMetric({ name, help: name, type: "gauge", get } as never);
}

const answer = (name: string, type: string, values: unknown[], help = "H.") => ({ name, help, type, values });

describe("a metric that hangs", () => {
  it("costs only itself, and only once: later pages do not wait for it until it has answered", async () => {
    const { registry, core } = begin();
    let release = (_: unknown): void => {};
    let asked = 0;
    enter(registry, "stuck", () => {
      asked++;
      return new Promise((resolve) => release = resolve);
    });
    new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
    const page = async (collectTimeoutSeconds: number): Promise<Page> => {
      const handler = pageHandler(() => ({ runtime: currentRuntime(), core, registry }), { collectTimeoutSeconds });
      return new Page(await (await handler()).text());
    };
    const begun = performance.now();
    const first = await page(0.2);
    assertGreaterOrEqual(performance.now() - begun, 190);
    assertEquals([first.value("fine"), first.has("stuck")], [7, false]);
    assertEquals(first.value('runtime_metrics_errors_total{source="metric:stuck"}'), 1);
    const second = await page(0.2);
    assertEquals(second.value('runtime_metrics_errors_total{source="metric:stuck"}'), 2);
    assertEquals(asked, 1);
    release(answer("stuck", "gauge", [{ value: 1 }]));
    await Promise.resolve();
    enter(registry, "stuck2", () => answer("stuck2", "gauge", [{ value: 2 }]));
    const third = page(30);
    await until(() => Promise.resolve(asked), (times) => times === 2);
    release(answer("stuck", "gauge", [{ value: 3 }]));
    assertEquals([(await third).value("stuck"), (await third).value("stuck2"), asked], [3, 2, 2]);
  });

  it("is given less time where Prometheus waits less", async () => {
    const { registry, core } = begin();
    enter(registry, "stuck", () => new Promise(() => {}));
    const handler = pageHandler(() => ({ runtime: currentRuntime(), core, registry }), { collectTimeoutSeconds: 100 });
    const headers = { "x-prometheus-scrape-timeout-seconds": "0.2" };
    const response = await handler(new Request("http://localhost/metrics", { headers }));
    assertStringIncludes(await response.text(), 'source="metric:stuck"} 1');
  });
});

describe("a metric that hangs, whatever it answers", () => {
  const never = { then: () => {} };
  const answers: Readonly<Record<string, () => unknown>> = {
    "a promise": () => new Promise(() => {}),
    "a thenable": () => never,
    "a thenable function": () => Object.assign(() => {}, never),
    "another realm's promise": () => runInNewContext("new Promise(() => {})"),
    "a promise that answers a thenable": () => Promise.resolve().then(() => never),
  };
  for (const [what, get] of Object.entries(answers)) {
    it(`has its time limit with ${what}`, async () => {
      const { registry, core } = begin();
      enter(registry, "stuck", get);
      new Gauge({ name: "collected", help: "C.", registers: [registry], collect: get as never });
      new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
      const handler = pageHandler(() => ({ runtime: currentRuntime(), core, registry }), {
        collectTimeoutSeconds: 0.05,
      });
      const page = new Page(await (await handler()).text());
      assertEquals([page.value("fine"), page.has("stuck")], [7, false]);
      assertEquals(page.value('runtime_metrics_errors_total{source="metric:stuck"}'), 1);
    });
  }

  it("has it where a program has put another class into the place of Promise", async () => {
    const { registry, core } = begin();
    enter(registry, "stuck", () => new Promise(() => {}));
    enter(registry, "engine", async () => {
      await new Promise(() => {});
    });
    new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
    const handler = pageHandler(() => ({ runtime: currentRuntime(), core, registry }), { collectTimeoutSeconds: 0.05 });
    const real = globalThis.Promise;
    /** Such as a library of promises puts there: no async function answers one. */
    class Other<Value> extends real<Value> {
      static override race = (): never => {
        throw new Error("not ours");
      };
      static override all = Other.race;
    }
    try {
      globalThis.Promise = Other as PromiseConstructor;
      const page = new Page(await (await handler()).text());
      assertEquals([page.value("fine"), page.has("stuck"), page.has("engine")], [7, false, false]);
    } finally {
      globalThis.Promise = real;
    }
  });

  it("has it where the runtime has timers within requests alone", async () => {
    const { registry, core } = begin();
    enter(registry, "stuck", () => never);
    const { startTimer: _start, stopTimer: _stop, ...runtime } = currentRuntime();
    const handler = pageHandler(() => ({ runtime, core, registry }), { collectTimeoutSeconds: 0.05 });
    const page = new Page(await (await handler()).text());
    assertEquals(page.value('runtime_metrics_errors_total{source="metric:stuck"}'), 1);
  });

  it("is read at once where a thenable answers at once, and costs only itself where one throws", async () => {
    const { registry, core } = begin();
    enter(registry, "quick", () => ({
      then: (resolve: (value: unknown) => void) => resolve(answer("quick", "gauge", [{ value: 3 }])),
    }));
    enter(registry, "broken", () => ({
      get then() {
        throw new Error("no");
      },
    }));
    const page = new Page(await renderPage(core, registry));
    assertEquals([page.value("quick"), page.has("broken")], [3, false]);
    assertEquals(page.value('runtime_metrics_errors_total{source="metric:broken"}'), 1);
  });
});

describe("what one scraper calls too long", () => {
  it("takes nothing from another's page, and asks no metric twice at once", async () => {
    const { registry, core } = begin();
    const releases: ((value: unknown) => void)[] = [];
    enter(registry, "slow", () => new Promise((resolve) => void releases.push(resolve)));
    const handler = pageHandler(() => ({ runtime: currentRuntime(), core, registry }), { collectTimeoutSeconds: 30 });
    const hasty = async (seconds: string): Promise<Page> => {
      const headers = { "x-prometheus-scrape-timeout-seconds": seconds };
      return new Page(await (await handler(new Request("http://localhost/metrics", { headers }))).text());
    };
    for (const seconds of ["0.00001", "1e-300", "0.001"]) assertFalse((await hasty(seconds)).has("slow"));
    assertEquals(releases.length, 1);
    const patient = [handler(), hasty("20"), hasty("-1"), hasty("NaN"), hasty("x".repeat(1000))];
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(releases.length, 1);
    releases[0]!(answer("slow", "gauge", [{ value: 4 }]));
    for (const each of await Promise.all(patient)) {
      assertEquals((each instanceof Page ? each : new Page(await each.text())).value("slow"), 4);
    }
    const next = handler();
    await until(() => Promise.resolve(releases.length), (length) => length === 2);
    releases[1]!(answer("slow", "gauge", [{ value: 5 }]));
    assertEquals(new Page(await (await next).text()).value("slow"), 5);
  });
});

describe("names that get into each other's way", () => {
  it("never make an invalid page, and what is left out is counted", async () => {
    const { registry, core } = begin();
    const histogram = [
      { value: 1, labels: { le: "+Inf" }, metricName: "h_bucket" },
      { value: 1, labels: {}, metricName: "h_sum" },
      { value: 1, labels: {}, metricName: "h_count" },
    ];
    enter(registry, "h", () => answer("h", "histogram", histogram));
    enter(registry, "h_count", () => answer("h_count", "gauge", [{ value: 5 }]));
    enter(registry, "first", () => answer("same", "gauge", [{ value: 1 }]));
    enter(registry, "second", () => answer("same", "gauge", [{ value: 2 }]));
    enter(
      registry,
      "twice",
      () => answer("twice", "gauge", [{ value: 1, labels: { a: 1, b: 2 } }, { value: 2, labels: { b: 2, a: 1 } }]),
    );
    for (const format of ["text", "openmetrics"] as const) {
      const text = await renderPage(core, registry, { format: formats[format] });
      const names = parseStrictly(text, format).filter(({ name }) => !name.startsWith("runtime_"))
        .map(({ name, samples }) => [name, samples.length, samples[0]!.value]);
      assertEquals(names, [["h", 3, 1], ["same", 1, 1], ["twice", 1, 1]]);
    }
    const after = new Page(await renderPage(core, registry));
    for (const name of ["h_count", "same", "twice"]) {
      assertEquals(after.value(`runtime_metrics_errors_total{source="metric:${name}"}`), 2, name);
    }
  });

  it("make a counter of no type in OpenMetrics, under the name of its series in the older text", async () => {
    const { registry, core } = begin();
    const registers = [registry];
    new Counter({ name: "jobs_total", help: "J.", registers }).inc(1);
    new Gauge({ name: "jobs", help: "J.", registers }).set(2);
    new Counter({ name: "requests", help: "R.", registers }).inc(3);
    new Counter({ name: "mails_total", help: "M.", registers }).inc(4);
    const read = parseStrictly(await renderPage(core, registry, { format: formats.openmetrics }), "openmetrics");
    const found = Object.fromEntries(read.map(({ name, type, samples }) => [name, [type, samples[0]!.name]]));
    assertEquals(found["jobs_total"], ["unknown", "jobs_total"]);
    assertEquals(found["jobs"], ["gauge", "jobs"]);
    assertEquals(found["requests"], ["unknown", "requests"]);
    assertEquals(found["mails"], ["counter", "mails_total"]);
  });

  it("keep the names that prom-client's own OpenMetrics page cuts", async () => {
    const { registry, core } = begin();
    new Counter({ name: "mails_total", help: "M.", registers: [registry] }).inc(4);
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    await registry.metrics();
    assertStringIncludes(await renderPage(core, registry), "# TYPE mails_total counter\nmails_total 4\n");
  });

  it("are taken apart where a metric answers samples of other names", async () => {
    const { registry, core } = begin();
    enter(registry, "odd", () => answer("odd", "gauge", [{ value: 1 }, { value: 2, metricName: "other" }]));
    for (const format of ["text", "openmetrics"] as const) {
      const read = parseStrictly(await renderPage(core, registry, { format: formats[format] }), format);
      assertEquals(
        read.filter(({ name }) => name === "odd" || name === "other").map(({ samples }) => samples[0]!.value),
        [1, 2],
      );
    }
  });

  it("lose a sample whose label cannot be written, and that one alone", async () => {
    const { registry, core } = begin();
    const broken = { toString: null, valueOf: null };
    enter(
      registry,
      "odd",
      () => answer("odd", "gauge", [{ value: 1, labels: { a: broken } }, { value: 2, labels: { a: 1 } }]),
    );
    const page = new Page(await renderPage(core, registry));
    assertEquals([page.labels("odd"), page.value('odd{a="1"}')], [['{a="1"}'], 2]);
    const json = JSON.parse(await renderPage(core, registry, { format: formats.json }));
    const odd = json.families.find(({ name }: { name: string }) => name === "odd");
    assertEquals(odd.series, [{ labels: { a: "1" }, value: 2 }]);
  });
});

describe("labels of a registry", () => {
  it("stand on the page as texts, whatever they are", async () => {
    const { registry, core } = begin();
    registry.setDefaultLabels({ shard: 7 });
    new Gauge({ name: "g", help: "G.", labelNames: ["a"], registers: [registry] }).set({ a: 1 }, 2);
    enter(registry, "h", () => answer("h", "gauge", [{ value: 3, labels: { a: 1 } }]));
    const page = await renderPage(core, registry);
    for (const line of ['g{a="1",shard="7"} 2\n', 'h{a="1",shard="7"} 3\n']) assertStringIncludes(page, line);
    const json = await renderPage(core, registry, { format: formats.json });
    for (const value of [2, 3]) assertStringIncludes(json, `{"labels":{"shard":"7","a":"1"},"value":${value}}`);
  });
});

describe("the page as JSON", () => {
  it("holds the same families, our own and the app's", async () => {
    const { registry, core } = begin();
    registry.setDefaultLabels({ zone: "b" });
    const buckets = [1, "+Inf"].map((le, i) => ({ value: i, labels: { le, a: "x" }, metricName: "h_bucket" }));
    enter(registry, "h", () =>
      answer("h", "histogram", [
        ...buckets,
        { value: Infinity, labels: { a: "x" }, metricName: "h_sum" },
        { value: 1, labels: { a: "x" }, metricName: "h_count" },
      ]));
    enter(registry, "s", () => answer("s", "summary", [{ value: NaN, labels: { quantile: 0.5 } }]));
    new Gauge({ name: "g", help: 'Say "hi".', registers: [registry] }).set(7);
    const text = await renderPage(core, registry, { format: formats.json });
    const { families } = JSON.parse(text) as {
      families: { name: string; type: string; help: string; series: unknown[] }[];
    };
    const byName = Object.fromEntries(families.map((family) => [family.name, family]));
    assertEquals(byName["h"]!.series, [
      { labels: { zone: "b", a: "x" }, buckets: { "1.0": 0, "+Inf": 1 }, sum: "+Inf", count: 1 },
    ]);
    assertEquals(byName["s"]!.series, [{ labels: { zone: "b" }, quantiles: { "0.5": "NaN" } }]);
    assertEquals([byName["g"]!.help, byName["g"]!.type, byName["g"]!.series], [
      'Say "hi".',
      "gauge",
      [{ labels: { zone: "b" }, value: 7 }],
    ]);
    const shown = parseStrictly(await renderPage(core, registry), "text").map(({ name }) => name);
    assertEquals(families.map(({ name }) => name).filter((name) => shown.includes(name)).length, families.length);
    assertFalse(text.includes("undefined"));
  });

  it("is an empty list where there is nothing", async () => {
    assertEquals(JSON.parse(await renderPage(undefined, undefined, { format: formats.json })), { families: [] });
  });
});
