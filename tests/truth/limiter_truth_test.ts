// Pools in real time: what a full pool shows is what its jobs note themselves, and no less than arithmetic says.

import { describe, it } from "node:test";
import pLimit from "p-limit";
import { Registry } from "prom-client";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { pLimitPool } from "@rtm/runtime-metrics/pools";
import { now, runtimeTitle, sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";

const capacity = 4;
const jobs = 20;
const jobSeconds = 0.1;

/** Five rounds of four: the first waits for nobody, and each other for those before it. */
const meanWait = jobSeconds * (0 + 1 + 2 + 3 + 4) / 5;

interface Look {
  active: number;
  queued: number;
  /** How many jobs had not begun when the page was asked for, and when it was there. */
  most: number;
  least: number;
}

/** What was seen of the jobs, and what they themselves noted: on a busy machine arithmetic is no more than the least. */
interface Filled {
  looks: Look[];
  meanWait: number;
  meanRun: number;
}

/** Gives every job to a pool at once, and looks at its page all the while. */
async function fill(monitor: Monitor, run: (job: () => Promise<void>) => Promise<unknown>): Promise<Filled> {
  const looks: Look[] = [];
  let [waiting, waited, ran] = [jobs, 0, 0];
  const look = async (): Promise<void> => {
    const most = waiting;
    const page = await scrape(monitor);
    const [active, queued] = ["active", "queued"].map((what) => page.value(`runtime_pool_${what}{pool="jobs"}`));
    looks.push({ active: active!, queued: queued!, most, least: waiting });
  };
  const job = (askedAt: number) => async (): Promise<void> => {
    const beganAt = now();
    waiting--;
    waited += beganAt - askedAt;
    await sleep(jobSeconds);
    ran += now() - beganAt;
  };
  let done = false;
  const all = Promise.all(Array.from({ length: jobs }, () => run(job(now())))).then(() => done = true);
  while (!done) {
    await look();
    await sleep(0.02);
  }
  await all;
  await look();
  return { looks, meanWait: waited / jobs, meanRun: ran / jobs };
}

async function checkTimes(monitor: Monitor, title: string, truth: Filled): Promise<void> {
  const page = await scrape(monitor);
  const [wait, run] = ["wait", "run"].map((what) => page.histogram(`runtime_pool_${what}_seconds`, 'pool="jobs"'));
  const [waited, ran] = [wait!.sum / wait!.count, run!.sum / run!.count];
  console.log(
    `${runtimeTitle}, ${title}: mean wait ${ms(waited)} of ${ms(truth.meanWait)}, mean run ${ms(ran)} of ` +
      `${ms(truth.meanRun)}; by arithmetic ${ms(meanWait)} and ${ms(jobSeconds)}`,
  );
  assertEquals([wait!.count, run!.count], [jobs, jobs]);
  assert(Math.abs(waited / truth.meanWait - 1) < 0.05, `the mean wait is ${ms(waited)} of ${ms(truth.meanWait)}`);
  assert(Math.abs(ran / truth.meanRun - 1) < 0.05, `the mean run time is ${ms(ran)} of ${ms(truth.meanRun)}`);
  // Timers are late rather than early, and each round of jobs is late by what those before it were.
  assertGreater(waited, meanWait - 0.01);
  assertGreater(ran, jobSeconds - 0.002);
  // The first four waited for nobody: at most for the page that was made in their turn of the loop.
  assertEquals(wait!.buckets.find(({ bound }) => bound === 0.05)!.count, capacity);
}

describe(`a pool of ${capacity} with ${jobs} jobs of ${jobSeconds * 1000} ms, in real time`, () => {
  it("shows them as they are in a limiter: 4 at work, 16 waiting, and the waits that arithmetic has", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const limiter = monitor.limiter("jobs", { capacity });
    const filled = await fill(monitor, (job) => limiter.run(job));
    const { looks } = filled;
    assertEquals([looks[0]!.active, looks[0]!.queued], [4, 16]);
    assertEquals([looks.at(-1)!.active, looks.at(-1)!.queued], [0, 0]);
    // It only falls, and whoever looks while somebody waits sees every permit out.
    for (const [i, { active, queued, least, most }] of looks.entries()) {
      assert(queued >= least && queued <= most, `${queued} are queued, not ${least} to ${most}`);
      if (i > 0) assert(queued <= looks[i - 1]!.queued, "the queue rose");
      if (queued > 0) assertEquals(active, 4);
    }
    assertGreater(new Set(looks.map(({ queued }) => queued)).size, 2);
    await checkTimes(monitor, "limiter", filled);
  });

  it("has the same waits in a limit of p-limit whose jobs are timed", async () => {
    const limit = pLimit(capacity);
    const pool = pLimitPool(limit);
    using monitor = createMonitor({ registry: new Registry(), pools: { jobs: pool } });
    const filled = await fill(monitor, (job) => limit(pool.timed(job)));
    // What others tell is kept for a second, so only the first look is of its moment.
    assertEquals(filled.looks[0]!.queued, 16);
    await checkTimes(monitor, "p-limit", filled);
  });
});

function ms(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}
