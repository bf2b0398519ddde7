import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { assert, assertEquals, assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import { createMonitor, type MonitorOptions, type PoolSource } from "@rtm/runtime-metrics";
import { holdThreads } from "../support/hidden_pool.ts";
import { deferred, now, runtimeName, sleep } from "../support/loop.ts";
import { freshPage, type HistogramState, type Page, scrape } from "../support/page.ts";
import { startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";
import { type HiddenPoolSeen, untilCanary } from "./hidden_pool.ts";
import { series } from "./series.ts";

/** A pool of permits, as an app would have one. */
class Pool {
  readonly capacity: number;
  #active = 0;
  readonly #waiting: { since: number; start: () => void }[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  async run(job: () => Promise<void>): Promise<void> {
    if (this.#active === this.capacity) {
      const { promise, resolve } = deferred<void>();
      this.#waiting.push({ since: now(), start: () => resolve() });
      await promise;
    }
    this.#active++;
    await job();
    this.#active--;
    this.#waiting.shift()?.start();
  }

  readonly source: PoolSource = () => ({
    capacity: this.capacity,
    active: this.#active,
    queued: this.#waiting.length,
    oldestWaitSeconds: this.#waiting.length > 0 ? now() - this.#waiting[0]!.since : 0,
  });
}

/** Reads one number of a pool before any work, with five jobs in its two places, and after them. */
async function readThrice(
  family: string,
): Promise<[before: number, during: number, after: number, elapsed: number]> {
  const pool = new Pool(2);
  const options: MonitorOptions = { pools: { jobs: pool.source } };
  const read = async (): Promise<number> => (await freshPage(options)).value(`${family}{pool="jobs"}`);
  const before = await read();
  const gate = deferred<void>();
  const begin = now();
  const jobs = Array.from({ length: 5 }, () => pool.run(() => gate.promise));
  await sleep(0.05);
  const during = await read();
  const elapsed = now() - begin;
  gate.resolve();
  await Promise.all(jobs);
  return [before, during, await read(), elapsed];
}

/** What a limiter of one has told of three jobs of 0.1 s. */
async function limited(): Promise<
  { wait: HistogramState; run: HistogramState; begunWithin: number; elapsed: number }
> {
  using monitor = createMonitor({ registry: new Registry() });
  const limiter = monitor.limiter("jobs", { capacity: 1 });
  const begin = now();
  const jobs = Array.from({ length: 3 }, () => limiter.run(() => sleep(0.1)));
  const begunWithin = now() - begin;
  await Promise.all(jobs);
  const page = await scrape(monitor);
  return {
    wait: page.histogram("runtime_pool_wait_seconds", 'pool="jobs"'),
    run: page.histogram("runtime_pool_run_seconds", 'pool="jobs"'),
    begunWithin,
    elapsed: now() - begin,
  };
}

describe("the series of an app's pool", () => {
  series("pool_active", "is how many jobs run", async () => {
    assertEquals((await readThrice("runtime_pool_active")).slice(0, 3), [0, 2, 0]);
  });

  series("pool_queued", "is how many jobs wait", async () => {
    assertEquals((await readThrice("runtime_pool_queued")).slice(0, 3), [0, 3, 0]);
  });

  series("pool_oldest_wait_seconds", "is how long the first of them has waited", async () => {
    const [before, during, after, elapsed] = await readThrice("runtime_pool_oldest_wait_seconds");
    assertEquals([before, after], [0, 0]);
    assert(during > 0.04 && during <= elapsed, `${during} s of ${elapsed} s`);
  });

  series("pool_wait_seconds", "takes up what each job waited, zero included", async () => {
    const { wait, begunWithin, elapsed } = await limited();
    // The second and the third waited for 0.1 and 0.2 s, less what came between the calls; timers may be a millisecond early.
    assertEquals(wait.count, 3);
    assertEquals(wait.buckets.find(({ bound }) => bound === 0.002)!.count, 1);
    const said = `${wait.sum} s of ${elapsed} s, begun within ${begunWithin} s`;
    assert(wait.sum > 0.28 - 2 * begunWithin && wait.sum < 2 * elapsed, said);
  });

  series("pool_run_seconds", "takes up how long each job ran", async () => {
    const { run, elapsed } = await limited();
    assertEquals(run.count, 3);
    // One behind the other.
    assert(run.sum > 0.28 && run.sum <= elapsed, `${run.sum} s of ${elapsed} s`);
  });

  series("pool_rejected_total", "counts who is refused and who gives up, by the moment they are", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const limiter = monitor.limiter("jobs", { capacity: 1, maxQueued: 2 });
    using _permit = await limiter.acquire();
    const controller = new AbortController();
    const { signal } = controller;
    const settled = Promise.allSettled(Array.from({ length: 5 }, () => limiter.run(() => {}, { signal })));
    controller.abort();
    const ends = await settled;
    assertEquals(ends.map((end) => (end as PromiseRejectedResult).reason.name), [
      ...["AbortError", "AbortError"],
      ...["QuotaExceededError", "QuotaExceededError", "QuotaExceededError"],
    ]);
    const page = await scrape(monitor);
    const rejected = (reason: string) => page.value(`runtime_pool_rejected_total{pool="jobs",reason="${reason}"}`);
    assertEquals([rejected("gave_up"), rejected("full")], [2, 3]);
  });

  series("pool_capacity", "is what the pool says, also when that changes", async () => {
    let capacity = 2;
    const options: MonitorOptions = { pools: { jobs: () => ({ capacity }) } };
    assertEquals((await freshPage(options)).value('runtime_pool_capacity{pool="jobs"}'), 2);
    capacity = 8;
    const page = await freshPage(options);
    assertEquals(page.value('runtime_pool_capacity{pool="jobs"}'), 8);
    assertEquals(page.labels("runtime_pool_active"), []);
  });

  it("is read anew by the same monitor a second later", async () => {
    let active = 1;
    using monitor = createMonitor({ registry: new Registry(), pools: { jobs: () => ({ active }) } });
    const read = async (): Promise<number> => (await scrape(monitor)).value('runtime_pool_active{pool="jobs"}');
    // The first reading is behind this moment, and kept for a second from its own.
    const begin = now();
    assertEquals(await read(), 1);
    active = 2;
    assertEquals(await until(read, (active) => active === 2), 2);
    // So scraping often costs the pool nothing.
    assertGreater(now() - begin, 0.9);
  });
});

/** In a process of its own: Deno runs two files of tests at once in one, which share its pool. */
async function observed(env: Record<string, string> = {}): Promise<HiddenPoolSeen> {
  const { code, output, errors } = await startProgram(startable("tests/behaviour/hidden_pool_program.ts"), { env })
    .exited;
  assertEquals(code, 0, errors);
  return JSON.parse(output);
}

describe("the hidden pool's series", () => {
  /** How old the canary is; NaN, which fits no bound, while the loop was late and nobody can say whose doing it is. */
  const age = (page: Page): number => page.series.get('runtime_pool_oldest_wait_seconds{pool="runtime"}') ?? NaN;

  series("pool_capacity", "is exactly how many jobs hold the next one up", async () => {
    const seen = await observed();
    // One thread is free: the canary is back within the second. None is: it waits, and the wait shows afterwards.
    assertGreaterOrEqual(seen.passedWithOneFree, 1);
    assertLess(seen.oldestWithOneFree, 0.3);
    assertGreater(seen.oldestWithNoneFree, 0.3);
    assertEquals(seen.passedWithNoneFree, 0);
  });

  series("pool_probe_wait_seconds", "takes up what a canary waited", async () => {
    const begin = now();
    using monitor = createMonitor({ registry: new Registry() });
    const sum = 'runtime_pool_probe_wait_seconds_sum{pool="runtime"}';
    let after = await untilCanary(monitor, (page) => page.series.has(sum));
    let [waited, rise] = [Infinity, 0];
    // One that comes back when the loop was late for half of its time is worthless, and another one has to wait.
    for (let attempt = 0; attempt < 5 && rise < waited; attempt++) {
      const before = after;
      {
        await using _held = holdThreads(before.value('runtime_pool_capacity{pool="runtime"}'));
        waited = age(await untilCanary(monitor, (page) => age(page) > 0.3));
      }
      after = await untilCanary(monitor, (page) => age(page) === 0);
      rise = after.value(sum) - before.value(sum);
    }
    const elapsed = now() - begin;
    // One canary waits at a time, and for each second of its wait those that could not be sent meanwhile are added.
    const most = elapsed * (Math.floor(elapsed) + 1);
    assert(rise >= waited && rise <= most, `${rise} s of ${waited} s, in ${elapsed} s`);
  });

  series("pool_oldest_wait_seconds", "rises while every thread is held, and falls behind it", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const page = await untilCanary(monitor, (page) => page.has("runtime_pool_probe_wait_seconds_sum"));
    {
      await using _held = holdThreads(page.value('runtime_pool_capacity{pool="runtime"}'));
      // It is as old as it was at some moment between the question and the answer.
      let asked = 0;
      const handler = (): Promise<Response> => {
        asked = now();
        return monitor.handler();
      };
      const first = await untilCanary({ handler }, (page) => age(page) > 0.1);
      const [firstAsked, firstAnswered] = [asked, now()];
      await sleep(0.3);
      const second = await untilCanary({ handler }, (page) => age(page) > age(first));
      const [least, most] = [asked - firstAnswered, now() - firstAsked];
      // What the loop was late is taken off.
      const blocked = "runtime_eventloop_blocked_seconds_total";
      const [rise, late] = [age(second) - age(first), second.value(blocked) - first.value(blocked)];
      const said = `it rose by ${rise} in ${least} to ${most} s, ${late} s of them late`;
      assert(rise > least - late - 0.1 && rise < most + 0.1, said);
    }
    assertLess(age(await untilCanary(monitor, (page) => age(page) < 0.1)), 0.1);
  });

  // Deno's pool has no setting.
  const skip = runtimeName === "deno" && "Deno's pool has no setting";
  it("pool_capacity follows UV_THREADPOOL_SIZE", { skip }, async () => {
    const seen = await observed({ UV_THREADPOOL_SIZE: "7" });
    assertEquals(seen.capacity, 7);
    assertGreaterOrEqual(seen.passedWithOneFree, 1);
    assertGreater(seen.oldestWithNoneFree, 0.3);
    assertEquals(seen.passedWithNoneFree, 0);
  });
});
