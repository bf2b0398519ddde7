import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { seeded } from "../support/loop.ts";
import { RecordedBeats } from "../support/recorded_beats.ts";

/** A callback that becomes ready at a random moment of `total` seconds waits B / 2 if a block of B seconds holds it. */
const trueMean = (blocks: number, blockSeconds: number, total: number): number =>
  blocks * blockSeconds ** 2 / 2 / total;

/** Blocks of one length at random moments, so that they meet the grid in every phase. */
function runBlocks(
  blockSeconds: number,
  blocks: number,
  interval?: number,
): { meanOverTruth: number; blockedOverTruth: number } {
  const random = seeded(20_251_121);
  const runtime = new FakeRuntime();
  const beats = new RecordedBeats(runtime, interval);
  for (let i = 0; i < blocks; i++) {
    runtime.advance(0.08 + random() * 0.2);
    runtime.block(blockSeconds);
  }
  runtime.advance(0.1);
  const total = runtime.now() - beats.origin;
  return {
    meanOverTruth: beats.sum / beats.count / trueMean(blocks, blockSeconds, total),
    blockedOverTruth: beats.sampler.blockedSeconds / (blocks * blockSeconds),
  };
}

describe("Sampler's mean lag, over blocks at random moments", () => {
  // Exact timers have no bias. The tolerances are those of chance: a short block is met by few beats.
  const cases = [[0.005, 0.08], [0.02, 0.04], [0.05, 0.02], [0.1, 0.02], [0.4, 0.005]] as const;
  for (const [blockSeconds, tolerance] of cases) {
    it(`is the truth within ${tolerance * 100} % for blocks of ${blockSeconds * 1000} ms`, () => {
      assertAlmostEquals(runBlocks(blockSeconds, 2000).meanOverTruth, 1, tolerance);
    });
  }

  it("of a block of 400 ms each second adds up to B² / 2I for each block, in every phase", () => {
    for (let phase = 0; phase < 50; phase++) {
      const runtime = new FakeRuntime(1000 + phase * 0.0037);
      const beats = new RecordedBeats(runtime);
      const blocks = 20;
      for (let i = 0; i < blocks; i++) {
        runtime.advance(0.6);
        runtime.block(0.4);
      }
      assertAlmostEquals(beats.sum / blocks, 0.4 ** 2 / 2 / 0.02, 0.06);
      assertAlmostEquals(beats.count, (runtime.now() - beats.origin) / 0.02, 2);
    }
  });
});

describe("Sampler under 20 ms of work every 60 ms, three of its intervals", () => {
  const work = 0.02;
  const period = 0.06;
  const rounds = 2000;

  it("does not lock its phase to the work", () => {
    for (const phase of [0, 0.004, 0.011, 0.017, 0.023]) {
      const runtime = new FakeRuntime();
      const beats = new RecordedBeats(runtime);
      runtime.advance(phase);
      for (let i = 0; i < rounds; i++) {
        runtime.advance(period - work);
        runtime.block(work);
      }
      const truth = trueMean(rounds, work, runtime.now() - beats.origin);
      assertAlmostEquals(beats.sum / beats.count / truth, 1, 0.06);
    }
  });

  it("would show a timer that is re-armed from now to be wrong by more than a half", () => {
    const runtime = new FakeRuntime();
    const origin = runtime.now();
    let [sum, count] = [0, 0];
    const arm = (): void => {
      const due = runtime.now() + 0.02;
      // Half a millisecond late, as timers that keep whole milliseconds are.
      runtime.startTimer(() => {
        sum += runtime.now() - due;
        count++;
        arm();
      }, 0.0205);
    };
    arm();
    for (let i = 0; i < rounds; i++) {
      runtime.advance(period - work);
      runtime.block(work);
    }
    assertGreater(Math.abs(sum / count / trueMean(rounds, work, runtime.now() - origin) - 1), 0.5);
  });
});

describe("Sampler.blockedSeconds over the sum of the blocks", () => {
  it("is 0 for blocks of 5 ms", () => {
    assertEquals(runBlocks(0.005, 2000).blockedOverTruth, 0);
  });

  for (const [blockSeconds, ratio] of [[0.02, 0.65], [0.03, 0.85]] as const) {
    it(`is about ${ratio} for blocks of ${blockSeconds * 1000} ms`, () => {
      assertAlmostEquals(runBlocks(blockSeconds, 2000).blockedOverTruth, ratio, 0.04);
    });
  }

  for (const blockSeconds of [0.05, 0.06, 0.075, 0.1, 0.2, 0.4, 1.5]) {
    it(`is 1.00 ± 0.02 for blocks of ${blockSeconds * 1000} ms`, () => {
      assertAlmostEquals(runBlocks(blockSeconds, 2000).blockedOverTruth, 1, 0.02);
    });
  }

  it("is the same when a scrape runs before the overdue timer after each block", () => {
    const random = seeded(3);
    const runtime = new FakeRuntime();
    const { sampler } = new RecordedBeats(runtime);
    for (let i = 0; i < 1000; i++) {
      runtime.advance(0.08 + random() * 0.2);
      runtime.stall(0.075);
      sampler.settle();
      runtime.runDue();
    }
    assertAlmostEquals(sampler.blockedSeconds / 75, 1, 0.02);
  });
});

describe("the slowest beat that is allowed", () => {
  // Phases are met evenly: of 4,000 blocks chance moves the mean by less than a hundredth.
  it("tells the blocked time of blocks of 50 ms within 2 %, and of all longer ones", () => {
    for (const blockSeconds of [0.05, 0.06, 0.1, 0.4]) {
      assertAlmostEquals(runBlocks(blockSeconds, 4000, 0.025).blockedOverTruth, 1, 0.02);
    }
  });

  it("is not much too small: at 30 ms blocks of 50 ms lose over 5 %", () => {
    assertLess(runBlocks(0.05, 4000, 0.03).blockedOverTruth, 0.95);
  });
});
