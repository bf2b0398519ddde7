import { after, before, it } from "node:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { createMonitor, type Monitor, type PoolSource } from "@rtm/runtime-metrics";
import { toNodeListener } from "../../src/node/mod.ts";
import { seeded } from "../support/loop.ts";
import { describeWith } from "../support/programs.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { until } from "../support/until.ts";

const observations = 100_000;
const quantiles = [0.1, 0.5, 0.9, 0.99, 0.999];
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

/** What the waits of two pools are, in seconds: one is answered at once, and one as services are. */
function waitsOf(random: () => number): Record<string, Float64Array> {
  // Of a normal distribution, by the sum of twelve uniform ones.
  const normal = (): number => Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, -6);
  return {
    fast: Float64Array.from({ length: observations }, () => 9e-5 * Math.exp(0.3 * normal())),
    service: Float64Array.from({ length: observations }, () => 0.037 * Math.exp(0.8 * normal())),
  };
}

function exactQuantile(values: Float64Array, quantile: number): number {
  return values.toSorted()[Math.ceil(quantile * values.length) - 1]!;
}

describeWith("a Prometheus that takes native histograms", ["prometheus"], ({ command, isNewer, ...generation }) => {
  const waits = waitsOf(seeded(1));
  const tell: Record<string, (seconds: number) => void> = {};
  let registry: Registry;
  let monitor: Monitor<Registry>;
  let server: Server;
  let prometheus: Prometheus | undefined;

  /** A pool whose waits this test tells. */
  const pool = (name: string): PoolSource =>
    Object.assign(() => ({ active: 0 }), {
      watch(watcher: Parameters<NonNullable<PoolSource["watch"]>>[0]) {
        tell[name] = watcher.waits();
        return () => {};
      },
    });

  /** Begins to count from nothing, as a process does. */
  function start(): void {
    registry = new Registry();
    monitor = createMonitor({
      registry,
      nativeHistograms: true,
      pools: { fast: pool("fast"), service: pool("service"), growing: pool("growing") },
    });
  }

  /** The only value of an answer; undefined where there is none yet. */
  async function ask(promql: string): Promise<number | undefined> {
    const [result, ...more] = await prometheus!.query(promql);
    assertEquals(more, []);
    return result && Number(result.value![1]);
  }

  const selector = (job: string, of: string, part = ""): string =>
    `runtime_pool_wait_seconds${part}{job="${job}",pool="${of}"}`;
  const countOf = (of: string): string => `histogram_count(${selector("native", of)})`;

  before(async () => {
    start();
    server = createServer(toNodeListener(async (request: Request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/metrics") return await monitor.handler(request);
      if (pathname === "/text") return await monitor.handler(new Request(request.url));
      return await monitor.instrument((_: Request) => new Response("ok"))(request);
    }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    await fetch(`http://127.0.0.1:${port}/`, { headers }).then((response) => response.text());
    for (const [name, values] of Object.entries(waits)) for (const value of values) tell[name]!(value);
    const targets = [{ targets: [`127.0.0.1:${port}`] }];
    prometheus = await startPrometheus({ command, isNewer, ...generation }, {
      global: { scrape_interval: "1s", scrape_timeout: "1s" },
      scrape_configs: [
        { job_name: "native", static_configs: targets },
        { job_name: "classic", static_configs: targets, metrics_path: "/text" },
        ...isNewer ? [{ job_name: "both", static_configs: targets, always_scrape_classic_histograms: true }] : [],
      ],
    }, ["--enable-feature=native-histograms,exemplar-storage"]);
    await until(
      async () => [await ask(countOf("service")), await ask(selector("classic", "service", "_count"))],
      ([native, classic]) => native === observations && classic === observations,
      30,
    );
  });
  after(async () => {
    await prometheus?.stop();
    server?.closeAllConnections();
    server?.close();
    monitor?.stop();
  });

  it("has taken each observation once, and their sum", async () => {
    for (const [name, values] of Object.entries(waits)) {
      assertEquals(await ask(countOf(name)), observations, prometheus!.log());
      const sum = values.reduce((sum, each) => sum + each, 0);
      assertLess(Math.abs(await ask(`histogram_sum(${selector("native", name)})`) as number / sum - 1), 1e-9);
    }
  });

  it("has the classic buckets as well where it is asked to, and else not", {
    skip: !isNewer && "this Prometheus keeps one of them",
  }, async () => {
    const last = (job: string): string => `${selector(job, "service", "_bucket").slice(0, -1)},le="+Inf"}`;
    const counts = await until(
      async () => [await ask(last("both")), await ask(countOf("service").replace("native", "both"))],
      ([classic, native]) => classic !== undefined && native !== undefined,
    );
    assertEquals(counts, [observations, observations]);
    assertEquals(await ask(last("native")), undefined);
  });

  it("tells quantiles within 5 % where those of the classic buckets are off by more", async () => {
    const told: Record<string, string> = {};
    let worst = 0;
    for (const [name, values] of Object.entries(waits)) {
      for (const quantile of quantiles) {
        const exact = exactQuantile(values, quantile);
        const off = async (series: string): Promise<number> =>
          Math.abs((await ask(`histogram_quantile(${quantile}, ${series})`))! / exact - 1);
        const native = await off(selector("native", name));
        const classic = await off(selector("classic", name, "_bucket"));
        told[`${name} ${quantile}`] = `${(native * 100).toFixed(2)} % native, ${(classic * 100).toFixed(1)} % classic`;
        assertLess(native, 0.05, `${name} ${quantile}`);
        worst = Math.max(worst, classic);
      }
    }
    console.log(generation.name, told);
    // All of the fast ones are in one classic bucket, of 2 ms.
    assertGreater(worst, 1);
  });

  it("sees no reset where buckets become coarser, and loses nothing", async () => {
    for (let i = 0; i < 1000; i++) tell["growing"]!(0.001 * 1.001 ** i);
    assertEquals(await until(() => ask(countOf("growing")), (count) => count === 1000, 15), 1000);
    for (const seconds of [2e-5, 3600]) tell["growing"]!(seconds);
    assertEquals(await until(() => ask(countOf("growing")), (count) => count === 1002, 15), 1002);
    // Older ones do not look at histograms there.
    if (isNewer) assertEquals(await ask(`resets(${selector("native", "growing")}[2m])`), 0);
    // From the first scrape to the last, which are at most 2 s inside of the window.
    const rise = (await ask(`histogram_count(increase(${selector("native", "growing")}[2m]))`))!;
    assert(rise >= 1002 && rise < 1002 * 1.5, String(rise));
    // No scrape failed but by taking all of its second, which is the machine's.
    const failed = '(up{job="native"} == 0 and on (job) scrape_duration_seconds{job="native"} < 1)[2m:1s]';
    assertEquals(await prometheus!.query(`count_over_time(${failed})`), []);
  });

  it("sees one reset where the registry is reset and where the process begins anew, and counts on", async () => {
    registry.resetMetrics();
    for (let i = 0; i < 7; i++) tell["growing"]!(0.5);
    assertEquals(await until(() => ask(countOf("growing")), (count) => count === 7, 15), 7);
    if (isNewer) assertEquals(await ask(`resets(${selector("native", "growing")}[2m])`), 1);
    const rise = (await ask(`histogram_count(increase(${selector("native", "growing")}[2m]))`))!;
    assert(rise >= 1009 && rise < 1009 * 1.5, String(rise));
    // In the finest schema again: one bucket, 9 % wide.
    const median = (await ask(`histogram_quantile(0.5, ${selector("native", "growing")})`))!;
    assert(median > 0.45 && median <= 0.5, String(median));

    monitor.stop();
    start();
    for (let i = 0; i < 6; i++) tell["growing"]!(0.5);
    assertEquals(await until(() => ask(countOf("growing")), (count) => count === 6, 15), 6);
    if (isNewer) assertEquals(await ask(`resets(${selector("native", "growing")}[2m])`), 2);
  });

  const isSkipped = !isNewer && "this Prometheus reads no start times";
  it(
    "misses nothing that was counted before the first scrape, where it reads start times",
    { skip: isSkipped },
    async () => {
      const { port } = server.address() as AddressInfo;
      const other = await startPrometheus({ command, isNewer, ...generation }, {
        global: { scrape_interval: "1s", scrape_timeout: "1s" },
        scrape_configs: [{ job_name: "native", static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
      }, ["--enable-feature=native-histograms,created-timestamp-zero-ingestion"]);
      try {
        await until(() => other.query("count_over_time(up[1m]) > 2"), (results) => results.length === 1, 30);
        monitor.pool("born", pool("born"));
        for (let i = 0; i < 5; i++) tell["born"]!(0.5);
        const born = selector("native", "born");
        await until(() => other.query(`count_over_time(${born}[1m]) > 4`), (results) => results.length === 1, 30);
        const [rise] = await other.query(`histogram_count(increase(${born}[1m]))`);
        // Prometheus extends what it sees in four scrapes' time at least, by half a scrape to the one side, and up to one and
        // a tenth to the other.
        const value = Number(rise!.value![1]);
        assert(value >= 5 && value < 5 * (1 + 1.61 / 4), String(value));
      } finally {
        await other.stop();
      }
    },
  );

  it("has taken the exemplars of the classic buckets with them", async () => {
    const seen = await until(
      async () => {
        const query = encodeURIComponent('http_request_duration_seconds{job="native"}');
        const response = await fetch(
          `${prometheus!.url}/api/v1/query_exemplars?query=${query}&start=0&end=${Date.now() / 1000 + 60}`,
        );
        const { data } = await response.json() as { data: { exemplars: { labels: Record<string, string> }[] }[] };
        return data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels["trace_id"]));
      },
      (traces) => traces.length > 0,
    );
    assertEquals(seen, [traceId]);
  });
});
