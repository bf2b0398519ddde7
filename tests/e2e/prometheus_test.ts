import { after, before, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertStringIncludes,
} from "@std/assert";
import { describeWith } from "../support/programs.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { type Demo, type DemoRuntime, startDemo } from "../support/server.ts";
import { until } from "../support/until.ts";

const runtimes: readonly DemoRuntime[] = ["node", "deno", "bun"];

/** How long all three are watched, and how far apart the scrapes are. */
const windowSeconds = 15;
const scrapeSeconds = 1;

describeWith("a Prometheus that scrapes the demo on each runtime", ["prometheus"], (generation) => {
  const demos = new Map<DemoRuntime, Demo>();
  let prometheus: Prometheus | undefined;

  /** The answer's values by runtime. */
  async function byRuntime(promql: string): Promise<Record<string, number[]>> {
    const results = await prometheus!.query(promql);
    return Object.fromEntries(results.map(({ metric, value, values }) => [
      metric["server"],
      (values ?? [value!]).map(([, each]) => Number(each)),
    ]));
  }

  before(async () => {
    // All are kept that have started, so that each is stopped even when another fails.
    const started = await Promise.allSettled(
      runtimes.map(async (runtime) => demos.set(runtime, await startDemo(runtime))),
    );
    const failed = started.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    prometheus = await startPrometheus(generation, {
      global: { scrape_interval: `${scrapeSeconds}s` },
      scrape_configs: [{
        job_name: "demo",
        static_configs: runtimes.map((server) => ({
          targets: [`127.0.0.1:${new URL(demos.get(server)!.url).port}`],
          labels: { server },
        })),
      }],
    });
    // Prometheus takes up its targets with a tick of 5 s.
    const up = await until(
      () => byRuntime("up"),
      (up) => runtimes.every((runtime) => up[runtime]?.[0] === 1),
      30,
    );
    assertEquals(up, { node: [1], deno: [1], bun: [1] }, prometheus.log());
  });

  after(async () => {
    await Promise.allSettled([prometheus?.stop(), ...[...demos.values()].map((demo) => demo.stop())]);
  });

  it(`finds each of them up for ${windowSeconds} s, its beat counted on`, async () => {
    // One second more, for the newest scrape of each to be in.
    await delay((windowSeconds + 1) * 1000);
    const up = await byRuntime(`up[${windowSeconds}s]`);
    const beats = await byRuntime(`runtime_eventloop_lag_seconds_count[${windowSeconds}s]`);
    for (const runtime of runtimes) {
      // 15 scrapes; one may stand on the window's edge, and one may be late.
      assertGreaterOrEqual(up[runtime]!.length, windowSeconds - 2, runtime);
      assert(up[runtime]!.every((value) => value === 1), `${runtime}: up was ${up[runtime]}`);

      const counts = beats[runtime]!;
      assertGreaterOrEqual(counts.length, windowSeconds - 2, runtime);
      counts.slice(1).forEach((count, i) => assertGreater(count, counts[i]!, `${runtime}: beats were ${counts}`));
      // 50 beats a second by the absolute grid, whatever the machine does; the scrapes at both ends may be early or late.
      const rate = (counts.at(-1)! - counts[0]!) / ((counts.length - 1) * scrapeSeconds);
      assertGreater(rate, 40, runtime);
      assertLess(rate, 60, runtime);
    }
  });

  it("has no scrape error to tell", async () => {
    const targets = (await prometheus!.targets()).map(({ labels, health, lastError }) => ({
      server: labels["server"],
      health,
      lastError,
    }));
    assertEquals(
      targets.sort((a, b) => a.server! < b.server! ? -1 : 1),
      ["bun", "deno", "node"].map((server) => ({ server, health: "up", lastError: "" })),
    );
  });

  it("takes every sample: none twice, none out of order, none out of bounds", async () => {
    const own = await fetch(`${prometheus!.url}/metrics`).then((response) => response.text());
    for (const fault of ["duplicate_timestamp", "out_of_order", "out_of_bounds"]) {
      assertStringIncludes(own, `\nprometheus_target_scrapes_sample_${fault}_total 0\n`);
    }
    const told = prometheus!.log().split("\n").filter((line) =>
      /duplicate|out.of.order|out.of.bounds/i.test(line) ||
      (/level=(warn|error)/i.test(line) && /scrape|sample|append/i.test(line))
    );
    assertEquals(told, []);
  });

  for (const blocked of runtimes) {
    it(`sees ${blocked} blocked, and nobody else`, async () => {
      const rates = () => byRuntime("rate(runtime_eventloop_blocked_seconds_total[10s])");
      // A stall of 1 s in 10 s is a rate of 0.1. The counter may be 2 % off, and rate() extends what lies between the
      // window's first and last scrape to the whole window, by up to a fifth here. Half of that tells the one that was
      // blocked from the others, in which only the machine's own hiccups are seen.
      const quiet = await until(rates, (rates) => runtimes.every((runtime) => rates[runtime]![0]! < 0.05), 60);
      for (const runtime of runtimes) assertLess(quiet[runtime]![0]!, 0.05, `${runtime} before`);

      await fetch(`${demos.get(blocked)!.url}/block?ms=1000`).then((response) => response.arrayBuffer());
      const seen = await until(rates, (rates) => rates[blocked]![0]! > 0.08, 5);
      for (const runtime of runtimes) {
        if (runtime === blocked) assertGreater(seen[runtime]![0]!, 0.08, runtime);
        else assertLess(seen[runtime]![0]!, 0.05, runtime);
      }
      assertLess(seen[blocked]![0]!, 0.15, blocked);
    });
  }

  it("sees each of them end cleanly", async () => {
    for (const [runtime, demo] of demos) assertEquals((await demo.stop()).code, 0, runtime);
  });
});
