import { describe, it } from "node:test";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { dueMoment, RecordedBeats } from "../support/recorded_beats.ts";

const interval = 0.02;

/** What a sampler must have told by the definition: each moment that is due by then, at 0 if less than 1 ms ahead. */
function expectedWaits(origin: number, from: number, now: number): number[] {
  const waits = [];
  for (let k = from; dueMoment(origin, k) <= now + 0.001; k++) waits.push(Math.max(0, now - dueMoment(origin, k)));
  return waits;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

describe("Sampler's grid", () => {
  it("is due at t0 + (k + frac(k * phi)) * I, wherever the loop is free", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    runtime.advance(10);
    assertGreater(beats.calls.length, 498);
    beats.calls.forEach(({ at, seconds, beats: count }, k) => {
      assertAlmostEquals(at, dueMoment(beats.origin, k), 1e-9);
      assertAlmostEquals(seconds, 0, 1e-9);
      assertEquals(count, 1);
    });
  });

  it("leaves 0.62 or 1.62 intervals between beats, so a stall is met for certain from twice the interval on", () => {
    const gaps = Array.from({ length: 1000 }, (_, k) => (dueMoment(0, k + 1) - dueMoment(0, k)) / interval);
    assertAlmostEquals(Math.min(...gaps), 0.618, 0.001);
    assertAlmostEquals(Math.max(...gaps), 1.618, 0.001);
  });

  it("does not move when something settles in between", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    for (let i = 0; i < 1000; i++) {
      runtime.advance(0.0031);
      beats.sampler.settle();
    }
    const due = expectedWaits(beats.origin, 0, runtime.now()).length;
    assertEquals(beats.count, due);
    // A settle that came up to 1 ms before a beat was due has answered it.
    beats.calls.forEach(({ at }, k) => assertAlmostEquals(at, dueMoment(beats.origin, k), 0.001));
  });

  it("counts a timer that fires up to 1 ms early as on time, and its beat once", () => {
    const runtime = new FakeRuntime();
    let k = 0;
    runtime.earlySeconds = () => [0.00094, 0.0002, 0.0006][k++ % 3]!;
    const beats = new RecordedBeats(runtime);
    runtime.advance(10);
    assertEquals(beats.sum, 0);
    assertEquals(beats.count, beats.calls.length);
    assertEquals(beats.count, expectedWaits(beats.origin, 0, runtime.now()).length);
    assertEquals(beats.sampler.blockedSeconds, 0);
  });

  it("has one timer at most, and starts one for each beat", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    for (let i = 0; i < 500; i++) {
      runtime.advance(0.02);
      if (i % 7 === 0) runtime.block(0.05);
      assertEquals(runtime.timersWaiting, 1);
    }
    assertEquals(runtime.timersStarted, new Set(beats.calls.map(({ at }) => at)).size + 1);
  });
});

describe("Sampler's back-fill", () => {
  for (const blockSeconds of [0.4, 0.05]) {
    it(`of a block of ${blockSeconds * 1000} ms counts each beat that it swallowed with its own wait`, () => {
      for (let phase = 0; phase < 40; phase++) {
        const runtime = new FakeRuntime();
        const beats = new RecordedBeats(runtime);
        runtime.advance(1 + phase * 0.0013);
        const before = beats.calls.length;
        runtime.block(blockSeconds);
        const expected = expectedWaits(beats.origin, before, runtime.now());
        const told = beats.calls.slice(before);
        assertEquals(told.length, expected.length);
        assertAlmostEquals(sum(told.map(({ seconds }) => seconds)), sum(expected), 1e-6);
        assert(told.every(({ beats }) => beats === 1));
        // B / I beats, one more or less for the jitter at either end.
        assertAlmostEquals(told.length, blockSeconds / interval, 1.7);
      }
    });
  }

  it("in a scrape that runs before the overdue timer is complete, and the timer adds nothing", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    runtime.advance(1.007);
    const before = beats.calls.length;
    runtime.stall(0.4);
    beats.sampler.settle();
    const expected = expectedWaits(beats.origin, before, runtime.now());
    assertEquals(beats.calls.length - before, expected.length);
    assertAlmostEquals(sum(beats.calls.slice(before).map(({ seconds }) => seconds)), sum(expected), 1e-6);
    const blocked = beats.sampler.blockedSeconds;
    assertGreater(blocked, 0.38);

    beats.sampler.settle();
    runtime.runDue();
    assertEquals(beats.calls.length - before, expected.length);
    assertEquals(beats.sampler.blockedSeconds, blocked);

    // The beat goes on from there.
    runtime.advance(1);
    assertEquals(beats.count, expectedWaits(beats.origin, 0, runtime.now()).length);
    assertEquals(beats.sampler.blockedSeconds, blocked);
  });

  it("of a stall of one hour takes at most 10,000 calls, and its count and sum are still right", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    runtime.advance(1);
    const [calls, count] = [beats.calls.length, beats.count];
    runtime.block(3600);
    const steps = beats.calls.length - calls;
    assertLessOrEqual(steps, 10_001);
    assertGreater(steps, 5_000);
    assertAlmostEquals(beats.count - count, 3600 / interval, 20);
    const truth = 3600 ** 2 / 2 / interval;
    assertAlmostEquals(beats.sum / truth, 1, 0.001);
    assertAlmostEquals(beats.sampler.blockedSeconds, 3600, 0.02);
    runtime.advance(10);
    assertAlmostEquals(beats.count, 3611 / interval, 2);
  });

  for (const tiny of [1e-6, 1e-9, 1e-12, 1e-300]) {
    it(`is bounded at an interval of ${tiny} s`, () => {
      const runtime = new FakeRuntime();
      // No runtime's timer is shorter.
      runtime.shortestTimerSeconds = 0.001;
      const beats = new RecordedBeats(runtime, tiny);
      // A scrape may settle before any time has passed.
      beats.sampler.settle();
      assertLessOrEqual(beats.calls.length, 10_001);
      runtime.advance(0.001);
      assertLessOrEqual(beats.calls.length, 2 * 10_001);
    });
  }
});

describe("Sampler.read()", () => {
  it("tells nothing before the first beat", () => {
    const runtime = new FakeRuntime();
    const { sampler } = new RecordedBeats(runtime);
    assertEquals(sampler.read(), undefined);
    runtime.runDue();
    assertEquals(sampler.read()?.latestSeconds, 0);
  });

  it("tells nothing where the runtime has no timers", () => {
    const runtime = new FakeRuntime();
    const { startTimer: _, ...timerless } = runtime;
    const beats = new RecordedBeats(timerless);
    runtime.advance(5);
    beats.sampler.settle();
    assertEquals(beats.sampler.read(), undefined);
    assertEquals(beats.calls, []);
  });

  it("tells the newest beat's lag as latest: a block's first beat, then the calm behind it", () => {
    const runtime = new FakeRuntime();
    const { sampler, origin, calls } = new RecordedBeats(runtime);
    runtime.advance(2);
    const first = dueMoment(origin, calls.length);
    runtime.block(0.3);
    assertAlmostEquals(sampler.read()!.latestSeconds, runtime.now() - first, 1e-9);
    runtime.advance(0.1);
    assertAlmostEquals(sampler.read()!.latestSeconds, 0, 1e-9);
  });

  it("tells the largest lag of the trailing minute as peak", () => {
    const runtime = new FakeRuntime();
    const { sampler } = new RecordedBeats(runtime);
    runtime.advance(2);
    runtime.block(0.3);
    const first = sampler.read()!.latestSeconds;
    assertGreaterOrEqual(first, 0.3 - 1.62 * interval);
    assertLessOrEqual(first, 0.3);
    runtime.advance(30);
    runtime.block(0.1);
    const second = sampler.read()!.latestSeconds;
    assertEquals(sampler.read()!.peakSeconds, first);
    runtime.advance(29.8);
    assertEquals(sampler.read()!.peakSeconds, first);
    runtime.advance(1.3);
    assertEquals(sampler.read()!.peakSeconds, second);
    runtime.advance(31);
    assertAlmostEquals(sampler.read()!.peakSeconds, 0, 1e-9);
  });

  it("forgets the peak after a minute in which nothing beat at all", () => {
    const runtime = new FakeRuntime();
    const { sampler } = new RecordedBeats(runtime);
    runtime.advance(1);
    runtime.block(0.3);
    sampler.stop();
    runtime.advance(300);
    assertEquals(sampler.read()!.peakSeconds, 0);
  });

  it("tells when the newest beat was answered, not when it is read", () => {
    const runtime = new FakeRuntime();
    const { sampler, calls } = new RecordedBeats(runtime);
    runtime.advance(3);
    const newest = calls.at(-1)!.at;
    assertAlmostEquals(sampler.read()!.sampledAtUnixSeconds, 1_700_000_000 + newest, 1e-6);
    sampler.stop();
    runtime.advance(100);
    assertAlmostEquals(sampler.read()!.sampledAtUnixSeconds, 1_700_000_000 + newest, 1e-6);
  });
});

describe("Sampler.start() and stop()", () => {
  it("leave no timer, and a stopped sampler answers no beat", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    runtime.advance(1);
    const told = beats.calls.length;
    beats.sampler.stop();
    beats.sampler.stop();
    assertEquals(runtime.timersWaiting, 0);
    runtime.advance(5);
    beats.sampler.settle();
    assertEquals(beats.calls.length, told);
  });

  it("begin anew without counting the time between as lag, stall or beats", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    runtime.advance(1);
    const told = beats.calls.length;
    beats.sampler.stop();
    runtime.block(500);
    const restarted = runtime.now();
    beats.sampler.start();
    beats.sampler.start();
    assertEquals(runtime.timersWaiting, 1);
    runtime.advance(1);
    assertEquals(beats.calls.length - told, expectedWaits(restarted, 0, runtime.now()).length);
    assertAlmostEquals(beats.sum, 0, 1e-9);
    assertEquals(beats.sampler.blockedSeconds, 0);
    assertEquals(beats.sampler.read()!.suspendedSeconds, 0);
  });
});

describe("Sampler's pulse", () => {
  it("comes about once a second, once after a long block, and never from a scrape", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    runtime.advance(10);
    assertGreaterOrEqual(beats.pulses, 9);
    assertLessOrEqual(beats.pulses, 10);
    const before = beats.pulses;
    runtime.stall(7);
    beats.sampler.settle();
    assertEquals(beats.pulses, before);
    runtime.runDue();
    assertEquals(beats.pulses, before + 1);
  });

  it("may stop the sampler", () => {
    const runtime = new FakeRuntime();
    const beats = new RecordedBeats(runtime);
    beats.onPulse = () => beats.sampler.stop();
    runtime.advance(5);
    assertEquals(beats.pulses, 1);
    assertEquals(runtime.timersWaiting, 0);
  });
});
