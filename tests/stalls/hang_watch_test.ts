import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type Hang, HangWatch } from "../../src/stalls/hang_watch.ts";

/** A thread that is to wake each 50 ms, in time that is turned by hand. */
function begin(thresholdSeconds = 5) {
  const told: [event: string, hang: Hang][] = [];
  let lost = 0;
  const watch = new HangWatch(thresholdSeconds, {
    hung: (hang) => told.push(["hung", hang]),
    over: (hang) => told.push(["over", hang]),
    lost: (seconds) => lost += seconds,
  });
  let [now, beats] = [100, 0];
  watch.wake(now, beats, 0.05);
  return {
    watch,
    told,
    lost: () => lost,
    /** The thread wakes as it should; the loop beats, or does not. */
    pass(seconds: number, isFree: boolean) {
      for (let i = 0; i < Math.round(seconds / 0.05); i++) watch.wake(now += 0.05, isFree ? ++beats : beats, 0.05);
    },
    /** Neither of the two is run. */
    standStill(seconds: number) {
      now += seconds;
      watch.wake(now, beats, 0.05);
    },
  };
}

describe("HangWatch", () => {
  it("tells a hang at the threshold, at ten times as long, and when it is over", () => {
    const { told, pass } = begin();
    pass(10, true);
    pass(4.9, false);
    pass(1, true);
    assertEquals(told, []);
    pass(80, false);
    pass(1, true);
    assertEquals(told.map(([event]) => event), ["hung", "hung", "over"]);
    for (const [i, seconds] of [5, 50, 80].entries()) assertAlmostEquals(told[i]![1].seconds, seconds, 0.06);
  });

  it("takes time in which it was not run itself for nobody's hang", () => {
    const { watch, told, pass, standStill, lost } = begin();
    pass(1, true);
    standStill(300);
    assertEquals(told, []);
    assertAlmostEquals(watch.hang.lostSeconds, 300, 0.2);
    pass(1, true);
    assertEquals([told, watch.hang.seconds], [[], 0]);
    assertAlmostEquals(lost(), 300, 0.1);
  });

  it("goes on to count a hang that a suspension falls into", () => {
    const { told, pass, standStill } = begin();
    pass(3, false);
    standStill(60);
    pass(1.5, false);
    assertEquals(told, []);
    pass(0.5, false);
    assertEquals(told.length, 1);
    assertAlmostEquals(told[0]![1].seconds, 5, 0.06);
    assertAlmostEquals(told[0]![1].lostSeconds, 60, 0.2);
  });

  it("is late by nothing while it wakes as it should", () => {
    const { pass, lost } = begin();
    pass(100, true);
    assertEquals(lost(), 0);
  });

  it("adds no half of a long rest to a little lateness", () => {
    let lost = 0;
    const watch = new HangWatch(5, { hung() {}, over() {}, lost: (seconds) => lost += seconds });
    watch.wake(100, 0, 0.5);
    watch.wake(100.52, 1, 0.5);
    assertAlmostEquals(lost, 0.03, 1e-9);
    watch.wake(103.02, 2, 0.5);
    assertAlmostEquals(lost, 0.03 + 2.25, 1e-9);
  });
});
