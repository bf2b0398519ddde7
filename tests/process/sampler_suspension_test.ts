import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { RecordedBeats } from "../support/recorded_beats.ts";

/** A sampler that has been beating for 5 s. */
function begin(runtime: FakeRuntime): RecordedBeats {
  const beats = new RecordedBeats(runtime);
  runtime.advance(5);
  return beats;
}

describe("Sampler after a gap of 90 s", () => {
  it("takes it for a suspension when the process used no CPU: no lag, no stall, no beats", () => {
    const runtime = new FakeRuntime();
    const beats = begin(runtime);
    const told = beats.calls.length;
    runtime.suspend(90);
    const reading = beats.sampler.read()!;
    // From the last moment at which the loop was free, up to 1.62 intervals earlier.
    assertAlmostEquals(reading.suspendedSeconds, 90, 0.033);
    assertEquals(reading.blockedSeconds, 0);
    assertAlmostEquals(reading.peakSeconds, 0, 1e-9);
    assertEquals(beats.calls.length, told);
    assertAlmostEquals(reading.sampledAtUnixSeconds, runtime.unixNow(), 1e-6);
  });

  it("beats on behind a suspension as before", () => {
    const runtime = new FakeRuntime();
    const beats = begin(runtime);
    runtime.suspend(90);
    const told = beats.count;
    runtime.advance(10);
    assertAlmostEquals(beats.count - told, 500, 2);
    assertAlmostEquals(beats.sum, 0, 1e-9);
  });

  it("takes it for a stall when the process was busy, and counts all of it", () => {
    const runtime = new FakeRuntime();
    const beats = begin(runtime);
    const told = beats.count;
    runtime.block(90);
    const reading = beats.sampler.read()!;
    assertEquals(reading.suspendedSeconds, 0);
    assertAlmostEquals(reading.blockedSeconds, 90, 0.02);
    assertAlmostEquals(reading.latestSeconds, 90, 0.033);
    assertAlmostEquals(beats.count - told, 4500, 2);
  });

  it("draws the line at a tenth of the gap on a CPU", () => {
    for (const [share, suspended] of [[0.08, true], [0.12, false]] as const) {
      const runtime = new FakeRuntime();
      const { sampler } = begin(runtime);
      runtime.suspend(90, share);
      const { suspendedSeconds, blockedSeconds } = sampler.read()!;
      assertAlmostEquals(suspendedSeconds, suspended ? 90 : 0, 0.033);
      assertAlmostEquals(blockedSeconds, suspended ? 0 : 90, 0.033);
    }
  });

  it("measures the gap's CPU from the newest pulse, not from the start", () => {
    const runtime = new FakeRuntime();
    const { sampler } = begin(runtime);
    for (let i = 0; i < 40; i++) {
      runtime.block(0.5);
      runtime.advance(0.5);
    }
    // 20 s of CPU before the gap, which would be more than a tenth of it.
    const before = sampler.blockedSeconds;
    runtime.suspend(90);
    assertAlmostEquals(sampler.read()!.suspendedSeconds, 90, 0.033);
    assertEquals(sampler.blockedSeconds, before);
  });

  it("takes it for a stall where the runtime cannot tell its CPU time", () => {
    const runtime = new FakeRuntime();
    const { cpuSeconds: _, ...blind } = runtime;
    const beats = new RecordedBeats(blind);
    runtime.advance(5);
    runtime.suspend(90);
    assertEquals(beats.sampler.read()!.suspendedSeconds, 0);
    assertAlmostEquals(beats.sampler.blockedSeconds, 90, 0.02);
  });

  it("sees the suspension in a scrape that runs before the overdue timer, once", () => {
    const runtime = new FakeRuntime();
    const beats = begin(runtime);
    runtime.stall(90, 0);
    beats.sampler.settle();
    runtime.runDue();
    assertAlmostEquals(beats.sampler.read()!.suspendedSeconds, 90, 0.033);
    assertAlmostEquals(beats.sum, 0, 1e-9);
  });
});

describe("Sampler after a gap of 59 s", () => {
  it("takes it for a stall even when the process used no CPU", () => {
    const runtime = new FakeRuntime();
    const { sampler } = begin(runtime);
    runtime.suspend(59);
    assertEquals(sampler.read()!.suspendedSeconds, 0);
    assertAlmostEquals(sampler.blockedSeconds, 59, 0.02);
  });
});
