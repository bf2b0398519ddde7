import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { assertEquals } from "@std/assert";
import { accessTo } from "../../src/monitor/access.ts";
import { type Monitor, startMonitor } from "../../src/monitor/monitor.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import type { ProfilePiece, Profiler, ProfilerOptions } from "../../src/runtime/profiler.ts";
import { HeldLines } from "../../src/stalls/held_line.ts";
import { StackSampler } from "../../src/stalls/stack_sampler.ts";
import { StallRecording } from "../../src/stalls/stall_recorder.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

/** No other timer takes so long. */
const rotationSeconds = 1.7;

/** A runtime whose profiler finds at each sample what ran by then; it holds the loop for so long when it begins. */
function begin(beginSeconds = 0) {
  const runtime = new FakeRuntime();
  const { startTimer } = runtime;
  let goesOnAt = 0;
  runtime.startTimer = (callback, seconds) => {
    if (seconds === rotationSeconds) goesOnAt = runtime.now() + seconds;
    return startTimer(callback, seconds);
  };
  const ran: { name: string; from: number; to: number }[] = [];
  const pieceOf = (beganAt: number, endedAt: number, step: number): ProfilePiece => {
    const names = [""];
    const samples: number[] = [];
    for (let at = beganAt + step; at <= endedAt; at += step) {
      const name = ran.find(({ from, to }) => from < at && at <= to)?.name ?? "(idle)";
      if (!names.includes(name)) names.push(name);
      samples.push(names.indexOf(name));
    }
    const nodes = names.map((functionName, id) => ({
      id,
      callFrame: { functionName, scriptId: "1", url: id === 0 ? "" : "file:///app.js", lineNumber: 1, columnNumber: 1 },
      children: id === 0 ? names.map((_, child) => child).slice(1) : [],
    }));
    const timeDeltas = samples.map(() => step * 1e6);
    return { profile: { nodes, samples, timeDeltas, startTime: 0, endTime: 0 }, beganAt, endedAt };
  };
  const profiler: Profiler = {
    rotationSeconds,
    refusal: () => undefined,
    occupied: () => undefined,
    start({ intervalSeconds, now, piece }: ProfilerOptions) {
      runtime.stall(beginSeconds);
      let beganAt = now();
      return {
        rotate() {
          const over = pieceOf(beganAt, now(), intervalSeconds);
          // As long as it takes on Bun.
          runtime.stall(0.0002);
          beganAt = now();
          piece(over);
        },
        stop() {},
      };
    },
    origin: () => undefined,
    originOfLine: () => undefined,
    source: () => undefined,
  };
  const sampler = new StackSampler(profiler, runtime, () => {});
  const record = (monitor: Monitor): StallRecording =>
    new StallRecording(accessTo(monitor, "").core()!, { thresholdSeconds: 0.1, keep: 200, stacks: true }, {
      sampler,
      places: { origin: profiler.origin, lines: new HeldLines(profiler) },
    });
  const monitor = (): Monitor => startMonitor(new Registry(), { intervalSeconds: 0.02 }, () => runtime, wholeProcess);
  /** Something that no monitor knows holds the loop. */
  const hold = (name: string, seconds: number): void => {
    ran.push({ name, from: runtime.now(), to: runtime.now() + seconds });
    runtime.stall(seconds);
  };
  /** Timers run in the order in which they were due, and what they have queued runs behind each. */
  const run = async (seconds: number): Promise<void> => {
    const end = runtime.now() + seconds;
    runtime.runDue();
    for (; runtime.now() < end; runtime.advance(0.001)) await Promise.resolve();
  };
  /** Until so long before the profiler goes on, which it has done once meanwhile. */
  const runUntilBefore = async (seconds: number): Promise<void> => {
    await run(goesOnAt - runtime.now() + 0.01);
    await run(goesOnAt - runtime.now() - seconds);
  };
  /** Holds the loop at 25 moments around that, so that the beat is due before it or behind it; tells by whom, the newest first. */
  const holdAround = async (): Promise<string[]> => {
    const names: string[] = [];
    for (let before = 0; before < 50; before += 2) {
      await runUntilBefore(before / 1000);
      names.unshift(`hold${before}`);
      hold(names[0]!, 0.3);
      await run(0.3);
    }
    return names;
  };
  return { record, monitor, hold, run, runUntilBefore, holdAround };
}

const culpritsOf = (recording: StallRecording) => recording.recent().map(({ culprit }) => culprit?.functionName);

describe("the functions of a stall are found", () => {
  it("whenever in the profiler's second it begins", async () => {
    const { record, monitor, holdAround } = begin();
    const recording = record(monitor());
    const wanted = await holdAround();
    assertEquals(culpritsOf(recording), wanted);
  });

  it("right behind the beginning of the profiler, which is a stall of its own", async () => {
    const { record, monitor, hold, run } = begin(0.3);
    const recording = record(monitor());
    await run(0.3);
    hold("hold", 0.3);
    await run(0.3);
    assertEquals(recording.recent().map(({ kind, culprit }) => [kind, culprit?.functionName]), [
      ["unknown", "hold"],
      ["metrics", undefined],
    ]);
  });

  it("that begins before a short one is told", async () => {
    const { record, monitor, hold, run } = begin();
    const recording = record(monitor());
    await run(0.3);
    hold("short", 0.2);
    await run(0.001);
    hold("long", 1.8);
    await run(0.3);
    assertEquals(culpritsOf(recording), ["long", "short"]);
  });

  it("by each of two monitors, whose beats differ", async () => {
    const { record, monitor, run, holdAround } = begin();
    const first = record(monitor());
    await run(0.013);
    const second = record(monitor());
    const wanted = await holdAround();
    assertEquals([culpritsOf(first), culpritsOf(second)], [wanted, wanted]);
  });

  it("where the next one keeps the beat waiting that tells it, until the profiler goes on", async () => {
    const { record, monitor, hold, run, runUntilBefore } = begin();
    const recording = record(monitor());
    const wanted: string[] = [];
    for (let before = 0; before < 50; before += 2) {
      await runUntilBefore(0.3 + before / 1000);
      hold(`first${before}`, 0.3);
      await run(0.005);
      hold(`second${before}`, 1.8);
      await run(0.3);
      wanted.unshift(`first${before}`);
    }
    assertEquals(culpritsOf(recording).filter((name) => name?.startsWith("first")), wanted);
  });
});

describe("a profiler that a listener ends, where its piece is about to end,", () => {
  function sampling() {
    const runtime = new FakeRuntime();
    const asked: string[] = [];
    const sampler = new StackSampler(
      {
        rotationSeconds,
        refusal: () => undefined,
        occupied: () => undefined,
        start: () => ({ rotate: () => void asked.push("rotate"), stop: () => void asked.push("stop") }),
        origin: () => undefined,
        originOfLine: () => undefined,
        source: () => undefined,
      },
      runtime,
      () => {},
    );
    // What is told then may be the last that somebody wants to know.
    const leave = sampler.join({ settle: () => leave(), hold: (work) => work() });
    return { runtime, asked, sampler };
  }

  it("is left alone, for a stall that is looked at", () => {
    const { runtime, asked, sampler } = sampling();
    const pieces: (ProfilePiece | undefined)[] = [];
    sampler.pieceUntil(1, (piece) => pieces.push(piece));
    assertEquals([asked, pieces, runtime.timersWaiting], [["stop"], [undefined], 0]);
  });

  it("is left alone, and its timer with it, when it would have gone on", async () => {
    const { runtime, asked } = sampling();
    await runtime.advance(rotationSeconds + 0.01);
    assertEquals([asked, runtime.timersWaiting], [["stop"], 0]);
  });
});
