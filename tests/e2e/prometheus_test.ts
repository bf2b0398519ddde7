import { after, before, it } from "node:test";
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { now } from "../support/loop.ts";
import { MachineWaits } from "../support/machine_waits.ts";
import { describeWith } from "../support/programs.ts";
import { type Prometheus, type Result, startPrometheus } from "../support/prometheus.ts";
import { type Demo, type DemoRuntime, startDemo } from "../support/server.ts";
import { until } from "../support/until.ts";

const runtimes: readonly DemoRuntime[] = ["node", "deno", "bun"];

/** How often each is scraped while it is watched, and how far apart the scrapes are. */
const scrapes = 15;
const scrapeSeconds = 1;
/** The demos' beats are 20 ms apart. */
const beatsPerSecond = 50;

describeWith("a Prometheus that scrapes the demo on each runtime", ["prometheus"], (generation) => {
  const demos = new Map<DemoRuntime, Demo>();
  let prometheus: Prometheus | undefined;

  let waits: MachineWaits<DemoRuntime> | undefined;
  /** For how much of the last ten seconds at most, and of the scrape before them, a program waited for the machine. */
  const waitedShare = (runtime: DemoRuntime): number => 1.2 * waits!.lately(runtime, 12) / 10;

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
    waits = new MachineWaits(demos);
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
    waits?.stop();
    await Promise.allSettled([prometheus?.stop(), ...[...demos.values()].map((demo) => demo.stop())]);
  });

  it(`finds each of them up for ${scrapes} scrapes, its beat counted on`, async () => {
    await until(
      () => byRuntime("up[5m]"),
      (up) => runtimes.every((runtime) => up[runtime]!.length >= scrapes),
      60,
    );
    // What is asked for later may have one scrape more.
    const all: Result[][] = [];
    for (const name of ["up", "scrape_duration_seconds", "runtime_eventloop_lag_seconds_count"]) {
      all.push(await prometheus!.query(`${name}[5m]`));
    }
    for (const runtime of runtimes) {
      const [ups, durations, beats] = all.map((results) =>
        (results.find(({ metric }) => metric["server"] === runtime)?.values ?? [])
          .map(([at, value]) => ({ at, value: Number(value) }))
      );
      assert(ups!.length >= scrapes, `${runtime}: ${ups!.length} scrapes`);
      const durationOf = (at: number): number => durations!.find((each) => each.at === at)!.value;
      // One that took all the time there is was the machine's.
      const failed = ups!.filter(({ at, value }) => value !== 1 && durationOf(at) < scrapeSeconds);
      assertEquals(failed, [], `${runtime}: ${JSON.stringify(ups)}`);
      const seen = beats!.filter(({ at }) => at <= ups!.at(-1)!.at);
      const counts = seen.map(({ value }) => value);
      assertEquals(counts.length, ups!.filter(({ value }) => value === 1).length, runtime);
      counts.slice(1).forEach((count, i) => assertGreater(count, counts[i]!, `${runtime}: beats were ${counts}`));
      // By the absolute grid, whatever the machine does; a page is made within the time of its scrape, and each end may lie
      // between two beats.
      const [first, last] = [seen[0]!, seen.at(-1)!];
      const seconds = last.at - first.at;
      const counted = last.value - first.value;
      assertGreater(counted, beatsPerSecond * (seconds - durationOf(first.at)) - 3, runtime);
      assertLess(counted, beatsPerSecond * (seconds + durationOf(last.at)) + 3, runtime);
    }
  });

  it("has no scrape error to tell", async () => {
    const targets = (await until(() => prometheus!.targets(), (all) => all.every(({ health }) => health === "up")))
      .map(({ labels, health, lastError }) => ({ server: labels["server"], health, lastError }));
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

  /** When the one before was blocked no more. */
  let overAt = -Infinity;
  for (const blocked of runtimes) {
    it(`sees ${blocked} blocked, and nobody else`, async () => {
      const rates = () => byRuntime("rate(runtime_eventloop_blocked_seconds_total[10s])");
      // A stall of 1 s in 10 s is a rate of 0.1. The counter may be 2 % off, and rate() extends what lies between the
      // window's first and last scrape to the whole window, by up to a fifth here. Half of that tells the one that was
      // blocked from the others, in which only what the machine itself held is seen.
      const most = (runtime: DemoRuntime): number => 0.05 + waitedShare(runtime);
      const isQuiet = (rates: Record<string, number[]>, all = runtimes): boolean =>
        all.every((runtime) => rates[runtime]![0]! < most(runtime));
      const tells = (rates: Record<string, number[]>): string =>
        runtimes.map((runtime) => `${runtime} ${rates[runtime]} of ${most(runtime)}`).join(", ");
      // What the machine did excuses nobody's block, which is in the rates for as long as they reach back.
      const quiet = await until(rates, (rates) => now() > overAt + 12 && isQuiet(rates), 60);
      assert(isQuiet(quiet), `before: ${tells(quiet)}`);

      await fetch(`${demos.get(blocked)!.url}/block?ms=1000`).then((response) => response.arrayBuffer());
      overAt = now();
      const seen = await until(rates, (rates) => rates[blocked]![0]! > 0.08, 8);
      assertGreater(seen[blocked]![0]!, 0.08, blocked);
      assert(isQuiet(seen, runtimes.filter((runtime) => runtime !== blocked)), tells(seen));
      assertLess(seen[blocked]![0]!, 0.15 + waitedShare(blocked), blocked);
    });
  }

  it("sees each of them end cleanly", async () => {
    for (const [runtime, demo] of demos) assertEquals((await demo.stop()).code, 0, runtime);
  });
});
