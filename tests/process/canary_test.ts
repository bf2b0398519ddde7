import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { Canary, type LoopClock } from "../../src/process/canary.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { RecordedBeats } from "../support/recorded_beats.ts";

/** A canary over a loop whose blocked time is set by hand. */
function release(): {
  runtime: FakeRuntime;
  loop: LoopClock & { lostSeconds: number };
  canary: Canary;
  waits: number[];
} {
  const runtime = new FakeRuntime();
  runtime.probeSeconds = Infinity;
  const loop = { settle() {}, lostSeconds: 7 };
  const waits: number[] = [];
  const canary = new Canary(runtime, loop, (wait) => waits.push(wait));
  return { runtime, loop, canary, waits };
}

/** A canary over a real sampler, sent on its pulse as it is in a process. */
function live(): { runtime: FakeRuntime; beats: RecordedBeats; canary: Canary; waits: number[] } {
  const runtime = new FakeRuntime();
  const beats = new RecordedBeats(runtime);
  const waits: number[] = [];
  const canary = new Canary(runtime, beats.sampler, (wait) => waits.push(wait));
  beats.onPulse = () => canary.send();
  return { runtime, beats, canary, waits };
}

function assertWaits(waits: readonly number[], expected: readonly number[], tolerance = 1e-9): void {
  assertEquals(waits.length, expected.length, `waits: ${waits.join(", ")}`);
  expected.forEach((wait, i) => assertAlmostEquals(waits[i]!, wait, tolerance));
}

describe("Canary's wait", () => {
  it("is the time it was away less the turn of the loop", () => {
    const { runtime, canary, waits } = release();
    canary.send();
    runtime.stall(0.004);
    runtime.runDue();
    runtime.advance(0.296);
    runtime.finishProbes();
    assertWaits(waits, [0.3 - 0.004]);
  });

  it("is the time it was away less what the loop was blocked meanwhile, where that is more than the turn", () => {
    const { runtime, loop, canary, waits } = release();
    canary.send();
    runtime.stall(0.004);
    runtime.runDue();
    runtime.stall(0.296);
    loop.lostSeconds += 0.1;
    runtime.finishProbes();
    assertWaits(waits, [0.2]);
  });

  it("takes off the larger of the two, never both", () => {
    const { runtime, loop, canary, waits } = release();
    canary.send();
    runtime.stall(0.1);
    runtime.runDue();
    loop.lostSeconds += 0.09;
    runtime.stall(0.4);
    runtime.finishProbes();
    assertWaits(waits, [0.4]);
  });

  it("is recorded at 0 for a free pool, whichever of job and turn comes back first", () => {
    for (const jobFirst of [true, false]) {
      const { runtime, canary, waits } = release();
      canary.send();
      runtime.stall(0.0004);
      if (jobFirst) runtime.finishProbes();
      else runtime.runDue();
      assertEquals(waits, []);
      if (jobFirst) runtime.runDue();
      else runtime.finishProbes();
      assertWaits(waits, [0]);
    }
  });

  it("is not below 0 when the job comes back before the turn", () => {
    const { runtime, canary, waits } = release();
    canary.send();
    runtime.stall(0.001);
    runtime.finishProbes();
    runtime.stall(0.005);
    runtime.runDue();
    assertWaits(waits, [0]);
  });

  it("is dropped, not recorded as 0, when the loop was blocked for over half of the time", () => {
    const { runtime, loop, canary, waits } = release();
    canary.send();
    runtime.runDue();
    runtime.stall(0.3);
    loop.lostSeconds += 0.16;
    runtime.finishProbes();
    assertEquals(waits, []);

    canary.send();
    runtime.runDue();
    runtime.stall(0.3);
    loop.lostSeconds += 0.14;
    runtime.finishProbes();
    assertWaits(waits, [0.16]);
  });

  it("of a late canary is back-filled by steps of 1 s", () => {
    const { runtime, canary, waits } = release();
    canary.send();
    runtime.advance(3.4);
    runtime.finishProbes();
    assertWaits(waits, [3.4, 2.4, 1.4, 0.4]);
  });
});

describe("Canary.send()", () => {
  it("never has more than one job under way", () => {
    const { runtime, canary, waits } = release();
    for (let i = 0; i < 30; i++) {
      canary.send();
      runtime.advance(1);
      assertEquals(runtime.probesUnderWay, 1);
    }
    runtime.finishProbes();
    assertEquals(waits.length, 30);
    canary.send();
    assertEquals(runtime.probesUnderWay, 1);
  });

  it("sends no second job while the turn of the first is still out", () => {
    const { runtime, canary } = release();
    canary.send();
    runtime.finishProbes();
    canary.send();
    assertEquals(runtime.probesUnderWay, 0);
    runtime.runDue();
    canary.send();
    assertEquals(runtime.probesUnderWay, 1);
  });

  it("throws what the runtime throws, and can be called again", () => {
    const { runtime, canary, waits } = release();
    const { probePool } = runtime;
    runtime.probePool = () => {
      throw new Error("no threads");
    };
    assertThrows(() => canary.send(), Error, "no threads");
    assertEquals(canary.read().oldestWaitSeconds, 0);
    runtime.probePool = probePool;
    canary.send();
    runtime.advance(0.25);
    assertEquals(waits, []);
    runtime.finishProbes();
    assertWaits(waits, [0.25]);
  });
});

describe("Canary.read()", () => {
  it("shows the age so far while the pool is stuck, and 0 when it is not", () => {
    const { runtime, canary } = release();
    assertEquals(canary.read(), { capacity: 4, oldestWaitSeconds: 0 });
    canary.send();
    for (let second = 1; second <= 60; second++) {
      runtime.advance(1);
      assertAlmostEquals(canary.read().oldestWaitSeconds!, second, 1e-9);
    }
    runtime.finishProbes();
    assertEquals(canary.read().oldestWaitSeconds, 0);
  });

  it("leaves the age out while the loop was blocked for over half of it, and shows it again when it was not", () => {
    const { runtime, loop, canary } = release();
    canary.send();
    runtime.runDue();
    runtime.stall(0.3);
    loop.lostSeconds += 0.16;
    assertEquals(canary.read(), { capacity: 4 });
    runtime.advance(0.1);
    assertAlmostEquals(canary.read().oldestWaitSeconds!, 0.24, 1e-9);
    // What is negligible does not make it worthless.
    runtime.finishProbes();
    canary.send();
    runtime.runDue();
    runtime.stall(0.01);
    loop.lostSeconds += 0.009;
    assertAlmostEquals(canary.read().oldestWaitSeconds!, 0.001, 1e-9);
  });

  it("leaves the capacity out while it is not known", () => {
    const { runtime, canary } = release();
    runtime.poolCapacity = () => undefined;
    assertEquals(canary.read(), { oldestWaitSeconds: 0 });
  });
});

describe("Canary over a running sampler", () => {
  it("shows no wait when the pool is free and the loop is blocked", () => {
    const { runtime, canary, waits } = live();
    runtime.probeSeconds = 0.0001;
    for (let i = 0; i < 200; i++) {
      runtime.advance(0.3 + i * 0.0017);
      runtime.stall(0.4);
      assertEquals(canary.read().oldestWaitSeconds, 0);
      runtime.runDue();
    }
    assertGreater(waits.length, 20);
    assertAlmostEquals(Math.max(...waits), 0.0001, 1e-4);
  });

  it("shows the pool's wait when the loop is free, one for each canary that was due", () => {
    const { runtime, waits } = live();
    runtime.probeSeconds = 0.25;
    runtime.advance(20);
    assertGreater(waits.length, 18);
    for (const wait of waits) assertAlmostEquals(wait, 0.25, 1e-9);
  });

  it("takes a block off the wait of a stuck pool", () => {
    const { runtime, beats, canary, waits } = live();
    runtime.probeSeconds = Infinity;
    runtime.advance(1.5);
    assertEquals(runtime.probesUnderWay, 1);
    const age = canary.read().oldestWaitSeconds!;
    runtime.block(0.4);
    runtime.advance(9.6);
    assertAlmostEquals(canary.read().oldestWaitSeconds!, age + 10 - beats.sampler.blockedSeconds, 1e-9);
    assertAlmostEquals(canary.read().oldestWaitSeconds!, age + 9.6, 0.02);
    runtime.finishProbes();
    assertAlmostEquals(waits[0]!, age + 9.6, 0.02);
    assertEquals(waits.length, Math.ceil(waits[0]!));
  });

  it("counts a block that no beat has answered yet when the answer comes first", () => {
    const { runtime, waits } = live();
    runtime.advance(0.9);
    runtime.probeSeconds = 0.2;
    runtime.advance(0.15);
    assertEquals(runtime.probesUnderWay, 1);
    // The pool's callback is run before the overdue timer, as it may be on any runtime.
    runtime.stall(0.9);
    runtime.finishProbes();
    assertEquals(waits, []);
  });
});
