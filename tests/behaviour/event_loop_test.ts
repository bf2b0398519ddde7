import { describe } from "node:test";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { Registry } from "prom-client";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { block, now, sleep } from "../support/loop.ts";
import { difference, freshPage, type Page, scrape } from "../support/page.ts";
import { StoodStill } from "../support/stood_still.ts";
import { until } from "../support/until.ts";
import { series } from "./series.ts";

/** Two beats are due at most so far from each other: what is told of a stall may begin so much before it. */
const gapSeconds = 0.033;

async function runningMonitor(): Promise<Monitor> {
  const monitor = createMonitor({ registry: new Registry() });
  await sleep(0.1);
  return monitor;
}

describe("the event loop's series", () => {
  series("eventloop_lag_seconds", "counts each beat that a block swallowed", async () => {
    using monitor = await runningMonitor();
    const began = now();
    const before = await scrape(monitor);
    block(0.4);
    const after = await scrape(monitor);
    const elapsed = now() - began;
    const { buckets, count, sum } = difference(
      after.histogram("runtime_eventloop_lag_seconds"),
      before.histogram("runtime_eventloop_lag_seconds"),
    );
    const between = (low: number, high: number): number =>
      buckets.find(({ bound }) => bound === high)!.count - buckets.find(({ bound }) => bound === low)!.count;
    // 20 beats of 20 ms, which wait 0 to 0.4 s: 0.2 s on average. Half of them wait above 0.2 s. A machine that takes the
    // core away makes the block longer, by no more than what passed in all.
    assert(count >= 19 && count <= elapsed / 0.02 + 3, `${count} beats in ${elapsed} s`);
    assert(sum > 3.4 && sum < (elapsed + 0.04) ** 2 / 0.04, `waited ${sum} s in ${elapsed} s`);
    assert(between(0.2, 0.5) >= 9, `${between(0.2, 0.5)} of them above 0.2 s`);
    assert(between(0.1, 0.2) >= 4, `${between(0.1, 0.2)} of them from 0.1 to 0.2 s`);
  });

  const stalls = ["eventloop_stalls_total", "eventloop_stall_seconds_total", "eventloop_stall_cpu_seconds_total"];
  /**
   * The three counters of a tracked task that was on the CPU for half of 0.4 s, and waited for the other half; and how long
   * that really took, which a machine that takes the core away makes more.
   */
  const held = async (): Promise<{ counted: number[]; least: number; most: number }> => {
    using monitor = await runningMonitor();
    let least = 0;
    const begin = now();
    monitor.track("report", () => {
      const { begin } = block(0.2);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      least = now() - begin;
    });
    const most = now() - begin;
    await sleep(0.1);
    const page = await scrape(monitor);
    return { counted: stalls.map((name) => page.value(`runtime_${name}{kind="task",name="report"}`)), least, most };
  };
  series("eventloop_stalls_total", "counts each stall once, for who held the loop", async () => {
    assertEquals((await held()).counted[0], 1);
  });
  series("eventloop_stall_seconds_total", "is how long it was held", async () => {
    const { counted: [, seconds], least, most } = await held();
    assert(seconds! > least - 0.001 && seconds! < most + gapSeconds, `${seconds} is not from ${least} to ${most} s`);
  });
  series("eventloop_stall_cpu_seconds_total", "leaves out what the thread only waited", async () => {
    const before = process.cpuUsage();
    const { counted: [, seconds, cpu] } = await held();
    const used = process.cpuUsage(before);
    // On a machine that is busy with other things the block itself gets less than its 0.2 s.
    assertLess(cpu!, (used.user + used.system) / 1e6 + 0.01);
    assertLess(cpu!, seconds! - 0.1);
    assertGreater(cpu!, 0);
  });

  series("eventloop_lag_latest_seconds", "is the newest beat's, also in a scrape that ends a block", async () => {
    using monitor = await runningMonitor();
    const { begin } = block(0.2);
    // The oldest beat of the block was due within an interval from its begin.
    const latest = (await scrape(monitor)).value("runtime_eventloop_lag_latest_seconds");
    const most = now() - begin + gapSeconds;
    assert(latest > 0.15 && latest < most, `${latest} is not from 0.15 to ${most} s`);
    const after = await until(
      () => later(monitor),
      (page) => page.value("runtime_eventloop_lag_latest_seconds") < 0.05,
    );
    assertLess(after.value("runtime_eventloop_lag_latest_seconds"), 0.05);
  });

  series("eventloop_lag_peak_seconds", "keeps the largest lag of the trailing minute", async () => {
    using stood = new StoodStill();
    const made = now();
    using monitor = await runningMonitor();
    const first = (await scrape(monitor)).value("runtime_eventloop_lag_peak_seconds");
    stood.note();
    // Before that it waited at least 0.1 s for a timer, or for a machine that stood still.
    assertLess(first, Math.max(0.1, now() - made - 0.1) + stood.seconds);
    const { begin: longBegin } = block(0.3);
    await sleep(0.1);
    const { begin: shortBegin } = block(0.1);
    await sleep(0.1);
    const peak = (await scrape(monitor)).value("runtime_eventloop_lag_peak_seconds");
    // Each is over when the loop goes on behind it.
    const most = Math.max(first, shortBegin - longBegin, now() - shortBegin) + gapSeconds;
    assert(peak > 0.25 && peak < most, `${peak} is not from 0.25 to ${most} s`);
  });

  series("eventloop_blocked_seconds_total", "rises by the length of each block", async () => {
    using monitor = await runningMonitor();
    const began = now();
    const before = await scrape(monitor);
    let blocked = 0;
    for (let i = 0; i < 3; i++) {
      const { begin, end } = block(0.15);
      blocked += end - begin;
      await sleep(0.05);
    }
    const told = (await scrape(monitor)).value("runtime_eventloop_blocked_seconds_total") -
      before.value("runtime_eventloop_blocked_seconds_total");
    // Where each block began is known to half an interval; other programs may cause stalls of their own.
    const elapsed = now() - began;
    assert(told > blocked - 0.05 && told < elapsed + gapSeconds, `${told} s of ${blocked} s, in ${elapsed} s`);
  });

  series("eventloop_time_seconds_total", "is active while it spins and idle while it sleeps", async () => {
    const time = (page: Page, state: string): number =>
      page.value(`runtime_eventloop_time_seconds_total{state="${state}"}`);
    const asked = now();
    const begin = await freshPage();
    const { begin: from, end: to } = block(0.4);
    const spinning = now();
    const spun = await freshPage();
    const spinningTo = now();
    await sleep(0.5);
    const slept = await freshPage();
    const sleptTo = now();
    // What runs beside the spinning and the sleeping is a few milliseconds of this test's own, and more on a busy machine.
    const active = time(spun, "active") - time(begin, "active");
    const [least, most] = [to - from - 0.01, spinningTo - asked + 0.01];
    assert(active > least && active < most, `active for ${active} s, not ${least} to ${most} s`);
    assertLess(time(spun, "idle") - time(begin, "idle"), 0.1);
    assertGreater(time(slept, "idle") - time(spun, "idle"), 0.3);
    assertLess(time(slept, "active") - time(spun, "active"), sleptTo - spinning - 0.3);
  });

  series("thread_cpu_seconds_total", "counts this thread's CPU time and no other thread's", async () => {
    const read = async (): Promise<[thread: number, process: number]> => {
      const page = await freshPage();
      return [page.value("runtime_thread_cpu_seconds_total"), page.value("process_cpu_seconds_total")];
    };
    const [begin, processBegin] = await read();
    // However little of a core there is: this thread is the only one that is busy, but for those of the engine.
    burnCpu(0.4);
    const [spun, processSpun] = await read();
    assertGreater(spun - begin, 0.25);
    assertLess(spun - begin, processSpun - processBegin + 0.02);

    await burnInWorker(0.3);
    const [after, processAfter] = await read();
    assertGreater(processAfter - processSpun, 0.29);
    assertLess(after - spun, (processAfter - processSpun) / 2);
  });

  series("metrics_last_collection_timestamp_seconds", "is the moment of the newest beat", async () => {
    using monitor = await runningMonitor();
    /** Between two moments of the wall clock. */
    const read = async (): Promise<{ asked: number; told: number; answered: number }> => {
      const asked = Date.now() / 1000;
      const told = (await scrape(monitor)).value("runtime_metrics_last_collection_timestamp_seconds");
      return { asked, told, answered: Date.now() / 1000 };
    };
    // A beat is at most two intervals old while the loop is free.
    const check = ({ asked, told, answered }: Awaited<ReturnType<typeof read>>): void =>
      assert(told > asked - 0.1 && told <= answered + 0.01, `${told} is not from ${asked} to ${answered}`);
    const first = await read();
    check(first);
    await sleep(0.5);
    const second = await read();
    check(second);
    assertGreater(second.told - first.told, 0.35);
  });
});

async function later(monitor: Monitor): Promise<Page> {
  await sleep(0.02);
  return await scrape(monitor);
}

/** Keeps this thread busy until the process has spent so many seconds of CPU. */
function burnCpu(seconds: number): void {
  const spent = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  const begin = spent();
  while (spent() - begin < seconds) block(0.005);
}

/** The same in another thread, while this one waits. */
async function burnInWorker(seconds: number): Promise<void> {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
    const { cpuUsage } = require("node:process");
    const begin = cpuUsage();
    const spent = ({ user, system } = cpuUsage(begin)) => (user + system) / 1e6;
    while (spent() < ${seconds});
    parentPort.postMessage("done");`,
    { eval: true },
  );
  await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await worker.terminate();
}
