import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { Limiter, type LimiterOptions } from "../../src/pools/limiter.ts";
import type { PoolSource } from "../../src/pools/pool_source.ts";
import { deferred, seeded, sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";

/** A limiter with a clock turned by hand, and what it told. */
function begin(options: LimiterOptions) {
  const clock = { at: 100 };
  const [waits, runs]: [number[], number[]] = [[], []];
  const rejections: string[] = [];
  let source!: PoolSource;
  let shown = true;
  const limiter = new Limiter("jobs", options, () => clock.at, (it) => {
    source = it;
    return () => shown = false;
  });
  const stop = source.watch!({
    now: () => clock.at,
    waits: () => (seconds) => waits.push(seconds),
    runs: () => (seconds) => runs.push(seconds),
    rejections: () => (reason) => rejections.push(reason),
  });
  return { limiter, clock, waits, runs, rejections, read: () => source(), source, stop, isShown: () => shown };
}

/** Time that is turned by hand: whoever is due first wakes first, and has done what it can before the next one wakes. */
function handTurned() {
  const sleepers: { at: number; wake: () => void }[] = [];
  let now = 0;
  return {
    sleep: (seconds: number) => new Promise<void>((wake) => sleepers.push({ at: now + seconds, wake })),
    /** Until nobody sleeps any more. */
    async pass(): Promise<void> {
      while (sleepers.length > 0) {
        const next = sleepers.reduce((first, each) => each.at < first.at ? each : first);
        sleepers.splice(sleepers.indexOf(next), 1);
        now = next.at;
        next.wake();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

const settled = async (promise: Promise<unknown>): Promise<boolean> =>
  await Promise.race([promise.then(() => true, () => true), sleep(0.01).then(() => false)]);

describe("Limiter.run()", () => {
  it("runs so many at once, and the others in the order in which they came", async () => {
    const { limiter, read } = begin({ capacity: 2 });
    const gates = Array.from({ length: 5 }, () => deferred<number>());
    const began: number[] = [];
    const answers = gates.map(({ promise }, i) =>
      limiter.run(() => {
        began.push(i);
        return promise;
      })
    );
    // What finds a free permit runs before run() has even answered.
    assertEquals(began, [0, 1]);
    assertEquals(read(), { capacity: 2, active: 2, queued: 3, oldestWaitSeconds: 0 });
    gates[1]!.resolve(1);
    assertEquals(await answers[1], 1);
    assertEquals(began, [0, 1, 2]);
    gates[2]!.resolve(2);
    gates[0]!.resolve(0);
    await Promise.all([answers[0], answers[2]]);
    assertEquals(began, [0, 1, 2, 3, 4]);
    gates[3]!.resolve(3);
    gates[4]!.resolve(4);
    assertEquals(await Promise.all(answers), [0, 1, 2, 3, 4]);
    assertEquals(read(), { capacity: 2, active: 0, queued: 0, oldestWaitSeconds: 0 });
  });

  it("tells each wait, those of zero included, and each run, as arithmetic has them", async () => {
    const { limiter, clock, waits, runs, read } = begin({ capacity: 1 });
    const gates = Array.from({ length: 3 }, () => deferred<void>());
    const answers = gates.map(({ promise }) => limiter.run(() => promise));
    assertEquals(waits, [0]);
    clock.at = 103;
    assertEquals(read().oldestWaitSeconds, 3);
    gates[0]!.resolve();
    await answers[0];
    assertEquals([waits, runs], [[0, 3], [3]]);
    clock.at = 105;
    assertEquals(read(), { capacity: 1, active: 1, queued: 1, oldestWaitSeconds: 5 });
    gates[1]!.resolve();
    await answers[1];
    clock.at = 106;
    gates[2]!.resolve();
    await answers[2];
    assertEquals([waits, runs], [[0, 3, 5], [3, 2, 1]]);
  });

  it("gives the permit back when a job throws, at once or later", async () => {
    const { limiter, read } = begin({ capacity: 1 });
    const broken = new Error("broken");
    const thrown = await assertRejects(() =>
      limiter.run(() => {
        throw broken;
      })
    );
    assertStrictEquals(thrown, broken);
    assertStrictEquals(await assertRejects(() => limiter.run(() => Promise.reject(broken))), broken);
    assertEquals(read().active, 0);
    assertEquals(await limiter.run(() => "next"), "next");
  });

  it("refuses who comes when as many wait as may, with an error that says so", async () => {
    const { limiter, waits, rejections } = begin({ capacity: 1, maxQueued: 1 });
    const gate = deferred<void>();
    const first = limiter.run(() => gate.promise);
    const second = limiter.run(() => "second");
    let ran = false;
    const error = await assertRejects(() => limiter.run(() => ran = true));
    assertInstanceOf(error, DOMException);
    assertEquals([error.name, error.message], [
      "QuotaExceededError",
      'Cannot enter limiter "jobs": 1 run and 1 wait, which is the most that may',
    ]);
    gate.resolve();
    assertEquals([await first, await second, ran], [undefined, "second", false]);
    // Who was refused has not waited.
    assertEquals([waits.length, rejections], [2, ["full"]]);
  });

  it("lets nobody wait with a maxQueued of 0", async () => {
    const { limiter } = begin({ capacity: 1, maxQueued: 0 });
    const gate = deferred<void>();
    const first = limiter.run(() => gate.promise);
    await assertRejects(() => limiter.run(() => {}), DOMException, "1 run and 0 wait");
    gate.resolve();
    await first;
    assertEquals(await limiter.run(() => 1), 1);
  });

  it("lets a waiting job give up its place, and those behind it move up", async () => {
    const { limiter, read, waits, rejections } = begin({ capacity: 1 });
    const gate = deferred<void>();
    const order: string[] = [];
    const first = limiter.run(() => gate.promise);
    const controller = new AbortController();
    const gone = limiter.run(() => order.push("gone"), { signal: controller.signal });
    const last = limiter.run(() => order.push("last"));
    const reason = new Error("changed my mind");
    const refused = assertRejects(() => gone);
    controller.abort(reason);
    assertStrictEquals(await refused, reason);
    assertEquals([read().queued, rejections], [1, ["gave_up"]]);
    gate.resolve();
    await Promise.all([first, last]);
    // The wait that was given up is one of three: it was no shorter for having been in vain.
    assertEquals([order, waits.length, read().active], [["last"], 3, 0]);
  });

  it("does not begin with a signal that is aborted already, and is not disturbed by one that is aborted later", async () => {
    const { limiter, read, rejections } = begin({ capacity: 1 });
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    assertStrictEquals(await assertRejects(() => limiter.run(() => assert(false), { signal })), reason);
    assertEquals(read().active, 0);

    const gate = deferred<string>();
    const held = deferred<void>();
    const first = limiter.run(() => held.promise);
    const controller = new AbortController();
    const running = limiter.run(() => gate.promise, { signal: controller.signal });
    held.resolve();
    await first;
    controller.abort();
    gate.resolve("done");
    assertEquals(await running, "done");
    assertEquals(read().active, 0);
    // The one never came to the door, the other got its permit: the limiter turned neither away.
    assertEquals(rejections, []);
  });

  it("puts one listener on a signal that many share, and takes it off when the last wait is over", async () => {
    const { limiter, rejections } = begin({ capacity: 1 });
    const other = begin({ capacity: 1 }).limiter;
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const gates = [deferred<void>(), deferred<void>()];
    const held = [limiter.run(() => gates[0]!.promise), other.run(() => gates[1]!.promise)];
    let ran = 0;
    const wait = (count: number) =>
      Array.from({ length: count }, (_, i) => (i % 2 ? other : limiter).run(() => ran++, { signal }));
    const served = wait(50);
    assertEquals(listeners, 1);
    for (const gate of gates) gate.resolve();
    await Promise.all([...held, ...served]);
    assertEquals([ran, listeners], [50, 0]);

    // The same signal once more, which now ends all that wait for it; those who were served are not disturbed.
    const permits = [await limiter.acquire(), await other.acquire()];
    const given = wait(50);
    assertEquals(listeners, 1);
    const all = Promise.allSettled(given);
    controller.abort(new Error("enough"));
    assertEquals((await all).map((end) => end.status), Array(50).fill("rejected"));
    assertEquals([ran, limiter.queued, other.queued, rejections], [50, 0, 0, Array(25).fill("gave_up")]);
    for (const permit of permits) permit.release();
    assertEquals([limiter.active, other.active], [0, 0]);
  });

  it("refuses what is no function", async () => {
    const { limiter, read } = begin({ capacity: 1 });
    await assertRejects(
      () => limiter.run(7 as unknown as () => void),
      TypeError,
      'Cannot run in limiter "jobs": expected a function, got a number',
    );
    assertEquals(read().active, 0);
  });

  it("loses no permit and starts nobody twice, whatever comes", async () => {
    const { limiter, waits, runs, rejections, read } = begin({ capacity: 3, maxQueued: 20 });
    const random = seeded(5);
    const { sleep, pass } = handTurned();
    let [running, most, begun, givenUp, full] = [0, 0, 0, 0, 0];
    const all = Array.from({ length: 500 }, async () => {
      await sleep(random() * 0.05);
      const controller = new AbortController();
      const gone = random() < 0.3 ? sleep(random() * 0.01).then(() => controller.abort()) : undefined;
      try {
        await limiter.run(async () => {
          begun++;
          most = Math.max(most, ++running);
          try {
            await sleep(random() * 0.001);
            if (random() < 0.2) throw new Error("broken");
          } finally {
            running--;
          }
        }, { signal: controller.signal });
      } catch (error) {
        // Refused, given up, or broken.
        if (error === controller.signal.reason) givenUp++;
        else if ((error as Error).name === "QuotaExceededError") full++;
      }
      await gone;
    });
    await pass();
    await Promise.all(all);
    assertEquals([running, most, read().active, read().queued], [0, 3, 0, 0]);
    assertEquals([waits.length, runs.length], [begun + givenUp, begun]);
    const rejected = (reason: string): number => rejections.filter((each) => each === reason).length;
    assertEquals([rejected("gave_up"), rejected("full")], [givenUp, full]);
    assert(givenUp > 0 && full > 0);
  });
});

describe("Limiter.acquire()", () => {
  it("hands out a permit that using gives back", async () => {
    const { limiter, read } = begin({ capacity: 1 });
    {
      using _permit = await limiter.acquire();
      assertEquals([limiter.active, limiter.queued], [1, 0]);
      const next = limiter.acquire();
      assert(!await settled(next));
      assertEquals(limiter.queued, 1);
      void next.then((permit) => permit.release());
    }
    await sleep(0);
    assertEquals([read().active, read().queued], [0, 0]);
  });

  it("gives a permit back once, however often it is released", async () => {
    const { limiter, clock, runs } = begin({ capacity: 2 });
    const [first, second] = [await limiter.acquire(), await limiter.acquire()];
    clock.at += 4;
    first.release();
    first.release();
    first[Symbol.dispose]();
    assertEquals([limiter.active, runs], [1, [4]]);
    second.release();
    assertEquals(limiter.active, 0);
  });

  it("can be given up like a job", async () => {
    const { limiter } = begin({ capacity: 1 });
    using _permit = await limiter.acquire();
    const controller = new AbortController();
    const refused = assertRejects(() => limiter.acquire({ signal: controller.signal }), DOMException);
    controller.abort();
    await refused;
    assertEquals(limiter.queued, 0);
  });
});

describe("new Limiter()", () => {
  const refused: [options: unknown, Class: typeof TypeError | typeof RangeError, message: string][] = [
    [undefined, TypeError, "Cannot create limiter: expected options with a capacity, got undefined"],
    [{}, TypeError, "Cannot create limiter: capacity must be a number, got undefined"],
    [{ capacity: "4" }, TypeError, 'Cannot create limiter: capacity must be a number, got "4"'],
    [{ capacity: 0 }, RangeError, "Cannot create limiter: capacity must be a whole number of at least 1, got 0"],
    [{ capacity: 1.5 }, RangeError, "capacity must be a whole number of at least 1, got 1.5"],
    [{ capacity: Infinity }, RangeError, "capacity must be a whole number of at least 1, got Infinity"],
    [{ capacity: 1, maxQueued: -1 }, RangeError, "maxQueued must be a whole number of at least 0, got -1"],
    [{ capacity: 1, maxQueued: null }, TypeError, "maxQueued must be a number, got null"],
  ];
  for (const [options, Class, message] of refused) {
    it(`refuses ${JSON.stringify(options)}: ${message}`, () => {
      assertThrows(() => begin(options as LimiterOptions), Class, message);
    });
  }
});

describe("monitor.limiter()", () => {
  it("shows itself as a pool that is exact at every scrape, and no longer once it is disposed of", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const limiter = monitor.limiter("jobs", { capacity: 2 });
    const show = async (): Promise<(number | undefined)[]> => {
      const { series } = await scrape(monitor);
      return ["capacity", "active", "queued"].map((what) => series.get(`runtime_pool_${what}{pool="jobs"}`));
    };
    assertEquals(await show(), [2, 0, 0]);
    const gate = deferred<void>();
    const jobs = Array.from({ length: 5 }, () => limiter.run(() => gate.promise));
    // Other people's pools would still show what they told less than a second ago.
    assertEquals(await show(), [2, 2, 3]);
    assertEquals(monitor.snapshot().pools["jobs"]?.queued, 3);
    const page = await scrape(monitor);
    assertEquals(page.histogram("runtime_pool_wait_seconds", 'pool="jobs"').count, 2);
    assertEquals(page.histogram("runtime_pool_run_seconds", 'pool="jobs"').count, 0);
    gate.resolve();
    await Promise.all(jobs);
    assertEquals(await show(), [2, 0, 0]);
    assertEquals((await scrape(monitor)).histogram("runtime_pool_run_seconds", 'pool="jobs"').count, 5);

    limiter[Symbol.dispose]();
    assertEquals(await show(), [undefined, undefined, undefined]);
    assertEquals(await limiter.run(() => "still here"), "still here");
  });

  it("counts each job that it turns away and each that gives up, from 0, at the next scrape", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const limiter = monitor.limiter("jobs", { capacity: 1, maxQueued: 1 });
    const rejected = async (): Promise<number[]> => {
      const page = await scrape(monitor);
      return ["full", "gave_up"].map((reason) =>
        page.value(`runtime_pool_rejected_total{pool="jobs",reason="${reason}"}`)
      );
    };
    assertEquals(await rejected(), [0, 0]);
    using _permit = await limiter.acquire();
    const controller = new AbortController();
    const waiting = assertRejects(() => limiter.run(() => {}, { signal: controller.signal }));
    for (const _ of [1, 2, 3]) await assertRejects(() => limiter.run(() => {}), DOMException);
    assertEquals(await rejected(), [3, 0]);
    controller.abort();
    await waiting;
    assertEquals(await rejected(), [3, 1]);
  });

  it("refuses a second of one name while the first is shown", async () => {
    for (const enabled of [true, false]) {
      using monitor = createMonitor({ registry: new Registry(), enabled, pools: { given: () => ({ active: 1 }) } });
      const first = monitor.limiter("jobs", { capacity: 4 });
      const message = 'Cannot show pool: this monitor shows one named "jobs" already';
      assertThrows(() => monitor.limiter("jobs", { capacity: 2 }), Error, message);
      assertThrows(() => monitor.pool("jobs", () => ({})), Error, message);
      assertThrows(() => monitor.limiter("given", { capacity: 2 }), Error, 'one named "given" already');
      if (enabled) assertEquals(monitor.snapshot().pools["jobs"]?.capacity, 4);
      first[Symbol.dispose]();
      const second = monitor.limiter("jobs", { capacity: 2 });
      first[Symbol.dispose]();
      if (enabled) assertEquals(monitor.snapshot().pools["jobs"]?.capacity, 2);
      assertThrows(() => monitor.limiter("jobs", { capacity: 2 }), Error, message);
      second[Symbol.dispose]();
      assertEquals(await first.run(() => "still here"), "still here");
    }
  });

  it("shows the newest of a module that is evaluated twice, and counts that it did", async () => {
    const registry = new Registry();
    const evaluate = (capacity: number) => {
      const monitor = createMonitor({ registry });
      return { monitor, limiter: monitor.limiter("jobs", { capacity }) };
    };
    const shown = async (monitor: { handler(): Promise<Response> }): Promise<number[]> => {
      const page = await scrape(monitor);
      return [
        page.value('runtime_pool_capacity{pool="jobs"}'),
        page.value('runtime_pool_wait_seconds_count{pool="jobs"}'),
        page.value('runtime_metrics_errors_total{source="pool:jobs"}'),
      ];
    };
    const first = evaluate(4);
    await first.limiter.run(() => {});
    assertEquals(await shown(first.monitor), [4, 1, 0]);
    const second = evaluate(2);
    await second.limiter.run(() => {});
    assertEquals(await shown(second.monitor), [2, 2, 1]);
    // What the earlier module leaves behind takes nothing off that is not its own.
    first.limiter[Symbol.dispose]();
    first.monitor.stop();
    assertEquals(await shown(second.monitor), [2, 2, 1]);
    second.monitor.stop();
  });

  it("refuses the name of the hidden pool, and one without a character", () => {
    using monitor = createMonitor({ registry: new Registry() });
    assertThrows(() => monitor.limiter("runtime", { capacity: 1 }), RangeError, "a pool's name must not be");
    assertThrows(() => monitor.limiter("", { capacity: 1 }), TypeError, "a pool's name must be a string");
  });

  it("limits just the same when nothing is measured, and after the monitor has stopped", async () => {
    for (const enabled of [false, true]) {
      const monitor = createMonitor({ registry: new Registry(), enabled });
      const limiter = monitor.limiter("jobs", { capacity: 1, maxQueued: 1 });
      if (enabled) monitor.stop();
      const gate = deferred<number>();
      const jobs = [limiter.run(() => gate.promise), limiter.run(() => gate.promise)];
      await assertRejects(() => limiter.run(() => 3), DOMException, "1 run and 1 wait");
      gate.resolve(7);
      assertEquals(await Promise.all(jobs), [7, 7]);
      assertEquals(monitor.snapshot().pools, {});
      monitor.stop();
    }
  });
});
