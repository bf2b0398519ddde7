import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import type { Gauge, Metric, Registry } from "prom-client";
import { Slices } from "../../src/gather/loop_budget.ts";
import { promClientStore, storedMetric } from "../../src/gather/prom_client_store.ts";
import { type Client, clients } from "../support/clients.ts";
import { formats, renderPage } from "../support/render.ts";

/** The page of a registry whose metrics all have to be asked by `get()`. */
function byGet(api: Client["api"], registry: Registry): Registry {
  const asked = new api.Registry();
  for (const metric of registry.getMetricsAsArray() as unknown as { name: string; get(): unknown }[]) {
    asked.registerMetric({ name: metric.name, get: () => metric.get() } as never);
  }
  return asked;
}

/** Every kind of metric that a client has, with everything that its store may hold. */
function everything({ Counter, Gauge, Histogram, Summary, Registry }: Client["api"]): Registry {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["a", "b"];
  new Counter({ name: "c_total", help: "C.", registers }).inc(3);
  new Counter({ name: "never_total", help: "N.", labelNames, registers });
  const counter = new Counter({ name: "labelled_total", help: 'L "\\\n.', labelNames, registers });
  counter.inc({ a: 'x"\\\n', b: 7 }, 0.5);
  counter.inc({ a: "only" });
  counter.inc({ b: "turned", a: "round" });
  counter.inc({ a: "gone", b: "gone" });
  counter.remove("gone", "gone");
  const again = new Counter({ name: "again_total", help: "A.", labelNames, registers });
  again.inc({ a: "old", b: "old" });
  again.reset();
  again.inc({ a: "new", b: "new" });
  new Gauge({ name: "g", help: "G.", registers }).set(-Infinity);
  const gauge = new Gauge({ name: "labelled", help: "L.", labelNames: ["le"], registers });
  gauge.set({ le: "no bound" }, NaN);
  gauge.set({ le: "1" }, 1e21);
  new Gauge({ name: "asked", help: "A.", registers, collect: collectNow }).set(1);
  new Gauge({ name: "asked_later", help: "A.", registers, collect: collectLater }).set(1);
  new Histogram({ name: "h", help: "H.", registers, buckets: [1, 0.5, 10] }).observe(0.7);
  const histogram = new Histogram({ name: "labelled_seconds", help: "L.", labelNames, registers });
  for (let i = 0; i < 200; i++) histogram.observe({ a: String(i), b: i % 3 }, i / 10);
  histogram.remove({ a: "7", b: 1 });
  histogram.zero({ a: "zero", b: "zero" });
  const cleared = new Histogram({ name: "cleared", help: "C.", registers });
  cleared.observe(1);
  cleared.reset();
  new Summary({ name: "s", help: "S.", registers });
  const summary = new Summary({ name: "labelled_s", help: "L.", labelNames, registers, percentiles: [0.5, 1] });
  for (let i = 0; i < 200; i++) summary.observe({ a: String(i % 5), b: "x" }, i);
  summary.remove("4", "x");
  return registry;
}

function collectNow(this: { set(value: number): void }): void {
  this.set(42);
}

async function collectLater(this: { set(value: number): void }): Promise<void> {
  await Promise.resolve();
  this.set(43);
}

for (const { name, skip, api } of clients) {
  describe(`metrics of ${name}`, { skip }, () => {
    it("are known and shown as their get() would have them, in each format", async () => {
      const registry = everything(api);
      const metrics = registry.getMetricsAsArray() as unknown as { name: string }[];
      assertEquals(metrics.filter((metric) => !storedMetric(metric)).map((metric) => metric.name), []);
      for (const labels of [{}, { a: "default", zone: "z" }]) {
        registry.setDefaultLabels(labels);
        for (const format of [formats.text, formats.openmetrics]) {
          const read = await renderPage(undefined, registry, { format });
          const asked = byGet(api, registry);
          asked.setDefaultLabels(labels);
          assertEquals(read, await renderPage(undefined, asked, { format }));
          assertStringIncludes(read, labels.a ? 'asked_later{a="default",zone="z"} 43\n' : "asked_later 43\n");
          assertStringIncludes(read, labels.a ? 'asked{a="default",zone="z"} 42\n' : "asked 42\n");
        }
        const json = async (from: Registry): Promise<unknown> =>
          JSON.parse(await renderPage(undefined, from, { format: formats.json }));
        const asked = byGet(api, registry);
        asked.setDefaultLabels(labels);
        assertEquals(await json(registry), await json(asked));
      }
    });

    it("show their exemplars", async () => {
      const registry = new api.Registry<never>();
      registry.setContentType(api.Registry.OPENMETRICS_CONTENT_TYPE as never);
      const options = { help: "E.", labelNames: ["a"], enableExemplars: true, registers: [registry] } as const;
      const counter = new api.Counter({ name: "c_total", ...options } as never);
      const histogram = new api.Histogram({ name: "h", ...options, buckets: [1] } as never);
      const exemplarLabels = { trace_id: "abc" };
      counter.inc({ labels: { a: "x" }, value: 2, exemplarLabels } as never);
      for (const value of [0.5, 7]) {
        histogram.observe({ labels: { a: "x" }, value, exemplarLabels } as never);
        histogram.observe({ labels: { a: "bare" }, value } as never);
      }
      const { openmetrics: format } = formats;
      const read = await renderPage(undefined, registry as never, { format });
      assertEquals(read.match(/ # \{trace_id="abc"\} (2|0\.5|7) \d/g)?.length, 3);
      assertEquals(read, await renderPage(undefined, byGet(api, registry as never), { format }));
    });

    it("are asked where anything is not as it is known", async () => {
      const registry = new api.Registry();
      const registers = [registry];
      const answer = (help: string) => ({ name: "x", help, type: "gauge", values: [{ value: 7, labels: {} }] });
      class Overridden extends api.Gauge {
        override get(): never {
          return answer("overridden") as never;
        }
      }
      class Inner extends api.Histogram {
        getForPromString(): never {
          return answer("inner") as never;
        }
      }
      const metrics: Record<string, Metric> = {
        overridden: new Overridden({ name: "overridden", help: "O.", registers }),
        inner: new Inner({ name: "inner", help: "I.", registers }),
        replaced: Object.assign(new api.Gauge({ name: "replaced", help: "R.", registers }), {
          get: () => answer("replaced"),
        }) as never,
        pruning: new api.Summary({ name: "pruning", help: "P.", registers, pruneAgedBuckets: true }),
        twins: new api.Histogram({ name: "twins", help: "T.", registers, buckets: [1, Infinity] }),
      };
      for (const [why, metric] of Object.entries(metrics)) assertEquals(storedMetric(metric), undefined, why);
      const text = await renderPage(undefined, registry);
      assertStringIncludes(text, "# HELP x overridden\n");
      class Plain extends api.Gauge {}
      const plain = new Plain({ name: "plain", help: "P.", registers: [] });
      assert(storedMetric(plain), "a subclass that overrides nothing is the same");
      const { prototype } = api.Gauge;
      const get = Object.getOwnPropertyDescriptor(prototype, "get")!;
      try {
        prototype.get = async function (this: unknown) {
          return await (get.value as () => Promise<never>).call(this);
        };
        assertEquals(storedMetric(plain), undefined, "a class that was patched");
      } finally {
        Object.defineProperty(prototype, "get", get);
      }
      assert(storedMetric(plain));
    });

    it("stand once where an app has counted one object of labels twice", async () => {
      const registry = new api.Registry();
      const counter = new api.Counter({ name: "c_total", help: "C.", labelNames: ["a"], registers: [registry] });
      const labels = { a: "x" };
      counter.inc(labels);
      labels.a = "y";
      counter.inc(labels, 5);
      assertEquals(
        await renderPage(undefined, registry),
        '# HELP c_total C.\n# TYPE c_total counter\nc_total{a="y"} 1\n',
      );
    });

    it("that fail when asked cost only themselves", async () => {
      const registry = new api.Registry();
      const registers = [registry];
      const collect = (): never => {
        throw new Error("broken");
      };
      new api.Gauge({ name: "broken", help: "B.", registers, collect });
      new api.Gauge({ name: "fine", help: "F.", registers }).set(1);
      const text = await renderPage(undefined, registry);
      assertFalse(text.includes("broken"));
      assertStringIncludes(text, "fine 1\n");
    });

    it("are read in slices, each label set whole, whatever is counted meanwhile", async () => {
      const registry = new api.Registry();
      const histogram = new api.Histogram({ name: "h", help: "H.", labelNames: ["a"], registers: [registry] });
      for (let i = 0; i < 3000; i++) histogram.observe({ a: i }, 1);
      const { pageHandler } = await import("../../src/page/handler.ts");
      const { FakeRuntime } = await import("../support/fake_runtime.ts");
      let [turns, clock] = [0, 0];
      // At each look 1 ms has passed, and in each turn everything is counted.
      const runtime = Object.assign(new FakeRuntime(), {
        now: () => clock += 0.001,
        nextTurn(callback: () => void) {
          turns++;
          for (let i = 0; i < 3000; i++) histogram.observe({ a: i }, 2);
          queueMicrotask(callback);
        },
      });
      const text = await (await pageHandler(() => ({ runtime, core: undefined, registry, store: promClientStore }))())
        .text();
      const numbers = (end: string): string[] =>
        [...text.matchAll(new RegExp(`^h${end} (\\d+)$`, "gm"))].map(([, number]) => number!);
      const counts = numbers('_count\\{a="\\d+"\\}');
      assertEquals(counts.length, 3000);
      assertEquals(numbers('_bucket\\{a="\\d+",le="\\+Inf"\\}'), counts);
      assert(turns > 10, `only ${turns} turns`);
      assert(new Set(counts).size > 1, "nothing was counted meanwhile");
    });

    for (
      const [what, change] of [
        ["one of them is removed", (gauge) => gauge.remove("2999")],
        ["some are removed and made anew", (gauge) => {
          for (let i = 2900; i < 2950; i++) {
            gauge.remove(String(i));
            gauge.set({ a: i }, i);
          }
        }],
        ["others come", (gauge) => {
          for (let i = 3000; i < 3100; i++) gauge.set({ a: i }, i);
        }],
        ["all of them are reset", (gauge) => gauge.reset()],
      ] as readonly [string, (gauge: Gauge<"a">) => void][]
    ) {
      it(`lose no other label set where ${what} while they are read`, async () => {
        const registry = new api.Registry();
        const gauge = new api.Gauge({ name: "g", help: "G.", labelNames: ["a"], registers: [registry] });
        for (let i = 0; i < 3000; i++) gauge.set({ a: i }, i);
        let [turns, clock] = [0, 0];
        const nextTurn = (callback: () => void): void => {
          if (++turns === 2) change(gauge as Gauge<"a">);
          queueMicrotask(callback);
        };
        const slices = new Slices({ now: () => clock += 0.001, nextTurn });
        const { size, labels } = await promClientStore(gauge)!.read(slices, false);
        assert(turns > 10, `only ${turns} turns`);
        const read = new Set(Array.from({ length: size }, (_, i) => Number(labels(i)["a"])));
        assertEquals(read.size, size);
        // One that is gone when its turn comes is no part of the page.
        for (let i = 0; i < 2999; i++) assert(read.has(i), `${i} was lost`);
      });
    }
  });
}
