// What a real Prometheus makes of the page of several copies, while they end and start.

import { after, before, it } from "node:test";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { Client, get, requests, states } from "../support/copies.ts";
import { type CopiesService, waysToRun } from "../support/copies_services.ts";
import { Page } from "../support/page.ts";
import { describeWith } from "../support/programs.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { until } from "../support/until.ts";

const watchSeconds = 30;
/** How many requests are sent in a second, one after the other's time whatever became of it. */
const perSecond = 50;
/** Counted before Prometheus comes: one counter that falls is taken for one that began anew, with all of these. */
const countedBefore = 2000;

describeWith("a Prometheus that scrapes the port of several copies", ["prometheus"], (generation) => {
  let service: CopiesService;
  let prometheus: Prometheus | undefined;

  before(async () => {
    service = await waysToRun("").find(({ name }) => name === "processes of Bun that share a port")!.start();
    const scrape = async (): Promise<Page> => {
      try {
        return new Page(await get(service.port, "/metrics"));
      } catch {
        return new Page("");
      }
    };
    await until(scrape, (page) => page.has("runtime_copies") && states(page)["alive"] === 4, 60);
    const clients = [1, 2, 3, 4].map(() => new Client(service.port));
    const page = await until(scrape, (page) => requests(page) >= countedBefore, 120);
    assertGreaterOrEqual(requests(page), countedBefore, service.output());
    for (const client of clients) await client.end();
    prometheus = await startPrometheus(generation, {
      global: { scrape_interval: "1s" },
      scrape_configs: [{ job_name: "api", static_configs: [{ targets: [`127.0.0.1:${service.port}`] }] }],
    });
    await until(() => prometheus!.query("up"), (up) => up[0]?.value?.[1] === "1", 30);
  });
  after(async () => {
    await Promise.allSettled([prometheus?.stop(), service?.stop()]);
  });

  it(`sees no rate above the load for ${watchSeconds} s, with copies ending and starting all the while`, async () => {
    let isEnding = false;
    const sent: Promise<unknown>[] = [];
    /** When each of them was over, answered or not: about then it was counted. */
    const over: number[] = [];
    const loading = (async () => {
      const begin = performance.now();
      for (let i = 0; !isEnding; i++) {
        await delay(Math.max(0, begin + i * 1000 / perSecond - performance.now()));
        sent.push(get(service.port, "/", 5).catch(() => {}).then(() => over.push(performance.now() / 1000)));
      }
    })();
    const begin = performance.now();
    const signals = ["SIGTERM", "SIGKILL", "SIGSTOP"] as const;
    let ended = 0;
    for (let i = 0; performance.now() - begin < watchSeconds * 1000; i++) {
      await delay(2000);
      const living = service.workers().filter(isAlive);
      const signal = signals[i % signals.length]!;
      process.kill(living[0]!, signal);
      if (signal === "SIGSTOP") {
        await delay(1500);
        process.kill(living[0]!, "SIGCONT");
        continue;
      }
      ended++;
      service.startOne!();
      await until(() => Promise.resolve(service.workers().filter(isAlive).length), (count) => count >= 4, 20);
    }
    isEnding = true;
    await loading;
    await Promise.all(sent);

    const seconds = Math.ceil((performance.now() - begin) / 1000);
    const [scrapes] = await prometheus!.query(`count_over_time(up[${seconds}s])`);
    // One a second; some may have come to a copy that was just ended.
    assertGreaterOrEqual(Number(scrapes!.value![1]), watchSeconds / 2);
    const windowSeconds = 5;
    const rates = await prometheus!.query(`sum(rate(http_requests_total[${windowSeconds}s]))[${seconds}s:1s]`);
    const values = rates[0]!.values!.map(([, value]) => Number(value));
    assert(values.length > watchSeconds / 2, `${values.length} rates`);
    // What waited while a copy, or this test, stood still comes at once, and rate() extends what it sees by up to a half. A
    // counter taken to have begun anew would show 400.
    const highest = Math.max(...values);
    const busiest = Math.max(
      ...over.map((at) => over.filter((each) => each > at - windowSeconds && each <= at).length),
    );
    const most = Math.max(countedBefore / windowSeconds / 2, 1.6 * busiest / windowSeconds);
    assertLess(highest, most, `rates were ${values}`);
    assertGreaterOrEqual(highest, perSecond / 4);
    const resets = await prometheus!.query(`sum(resets(http_requests_total[${seconds}s]))`);
    assertEquals(Number(resets[0]!.value![1]), 0);
    assertGreaterOrEqual(ended, 2);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
