import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Sampler } from "../../src/process/sampler.ts";
import { Blame, type Stall } from "../../src/process/blame.ts";
import type { LoopHolder } from "../../src/work/loop_blame.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

const named = (name: string, kind = "request"): LoopHolder => ({ heldBy: () => [kind, name] });
const [report, hello, innocent] = [named("GET /report"), named("GET /hello"), named("GET /innocent")];

/** A loop that beats each 20 ms, in time that is turned by hand. */
function begin(stallSeconds = 0.05, traceOf: (request: LoopHolder) => string | undefined = () => undefined) {
  const runtime = new FakeRuntime();
  const stalls: Stall[] = [];
  const blame = new Blame({
    stallSeconds,
    cpuSeconds: runtime.cpuSeconds,
    traceOf,
    book: (stall) => stalls.push(stall),
  });
  const sampler = new Sampler(runtime, 0.02, {
    lag() {},
    pulse() {},
    answered: (now, wait, gap) => blame.beat(now, wait, gap),
    resumed: (now) => blame.resumed(now),
  });
  blame.dueAt = () => sampler.dueAt;
  sampler.start();
  runtime.advance(0.1);
  /** A synchronous part of so many seconds. */
  const run = (holder: LoopHolder, seconds: number, within: () => void = () => {}): void => {
    const outer = blame.enter(holder, runtime.now());
    runtime.stall(seconds);
    within();
    blame.leave(outer, runtime.now());
  };
  const settle = (holder: LoopHolder): void => blame.settled(holder, runtime.now());
  /** What was blamed on whom, in seconds, after the loop has been free for a while. */
  const blamed = (): Record<string, number> => {
    runtime.runDue();
    runtime.advance(0.1);
    const sums: Record<string, number> = {};
    for (const { shares } of stalls) {
      for (const { kind, name, seconds } of shares) {
        const key = kind === "request" ? name : kind;
        sums[key] = (sums[key] ?? 0) + seconds;
      }
    }
    return sums;
  };
  return { runtime, blame, stalls, run, settle, blamed };
}

/** Exactly these are blamed, each for so many seconds, up to a tenth. */
function assertBlamed(found: Record<string, number>, expected: Record<string, number>): void {
  assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [name, seconds] of Object.entries(expected)) assertAlmostEquals(found[name]!, seconds, seconds / 10, name);
}

describe("Blame", () => {
  it("tells the trace of the request that held it the longest, asked for while it ran", () => {
    const asked = new Map<LoopHolder, number[]>();
    const traces = new Map<LoopHolder, string | undefined>();
    const { runtime, stalls, run, blamed } = begin(0.05, (request) => {
      asked.set(request, [...asked.get(request) ?? [], runtime.now()]);
      return traces.get(request);
    });
    const traced = (route: string, traceId: string | undefined): LoopHolder => {
      const holder: LoopHolder = { series: { method: "GET", route }, heldBy: () => ["request", `GET ${route}`] };
      traces.set(holder, traceId);
      return holder;
    };
    const [quick, slow, other, untraced] = [
      traced("/a", "1"),
      traced("/a", "2"),
      traced("/b", "3"),
      traced("/c", undefined),
    ];
    for (const [holder, seconds] of [[quick, 0.05], [slow, 0.2], [other, 0.1], [quick, 0.001]] as const) {
      run(holder, seconds);
    }
    const leftAt = runtime.now();
    blamed();
    assertEquals(stalls[0]!.shares.map(({ name, traceId }) => [name, traceId]), [["GET /a", "2"], ["GET /b", "3"]]);
    // Of a millisecond nobody asks.
    assertEquals([quick, slow, other].map((each) => asked.get(each)!.length), [1, 1, 1]);
    assertEquals(asked.get(slow)![0]! < leftAt, true);
    run(untraced, 0.1);
    blamed();
    assertEquals("traceId" in stalls[1]!.shares[0]!, false);
  });

  it("blames a handler for its synchronous part, to the millisecond", () => {
    const { run, blamed } = begin();
    run(report, 0.3);
    assertAlmostEquals(blamed()["GET /report"]!, 0.3, 1e-9);
  });

  it("blames who blocks behind an await, when its promise settles", () => {
    const { runtime, run, settle, blamed } = begin();
    run(report, 0.001);
    runtime.advance(0.033);
    runtime.stall(0.3);
    settle(report);
    assertBlamed(blamed(), { "GET /report": 0.3 });
  });

  it("does not accuse who settles all the time of what a timer does, and finds who settles rarely from its second stall on", () => {
    const { runtime, run, settle, blamed } = begin();
    const wait = (): void => {
      for (let i = 0; i < 200; i++) {
        run(innocent, 0);
        run(hello, 0);
        runtime.advance(0.005);
        settle(innocent);
      }
    };
    const sums = (): Record<string, number> =>
      Object.fromEntries(Object.entries(blamed()).map(([name, seconds]) => [name, Math.round(seconds * 10) / 10]));
    wait();
    for (let i = 0; i < 3; i++) {
      runtime.stall(0.3);
      settle(innocent);
      assertEquals(sums(), { unknown: Math.round((i + 1) * 3) / 10 });
      wait();
    }
    for (let i = 0; i < 3; i++) {
      runtime.stall(0.3);
      settle(report);
      settle(innocent);
      assertEquals(sums(), { unknown: 1.2, ...(i > 0 && { "GET /report": Math.round(i * 3) / 10 }) });
      wait();
    }
  });

  it("does not take for one who waits who settles as soon as its synchronous part is over", () => {
    const { runtime, run, settle, blamed } = begin();
    for (let i = 0; i < 200; i++) {
      run(hello, 0);
      settle(hello);
      runtime.advance(0.005);
    }
    runtime.stall(0.3);
    settle(report);
    assertBlamed(blamed(), { "GET /report": 0.3 });
  });

  it("blames whose answer is sent, by whatever way it came to it", () => {
    const { runtime, blame, blamed } = begin();
    runtime.stall(0.3);
    blame.answers(report);
    runtime.stall(0.001);
    blame.answered(report, runtime.now());
    assertBlamed(blamed(), { "GET /report": 0.3 });
  });

  it("knows nobody where several have answered, or the loop was free since an answer was written", () => {
    const { runtime, blame, blamed } = begin();
    runtime.stall(0.3);
    blame.answers(innocent);
    blame.answers(report);
    blame.answered(innocent, runtime.now());
    blame.answered(report, runtime.now());
    assertBlamed(blamed(), { unknown: 0.3 });
    blame.answers(innocent);
    runtime.advance(0.1);
    runtime.stall(0.3);
    blame.answered(innocent, runtime.now());
    assertBlamed(blamed(), { unknown: 0.6 });
  });

  it("knows nobody for a timer of the app, and for who awaits again behind a block", () => {
    const { runtime, run, settle, blamed } = begin();
    run(report, 0.001);
    runtime.advance(0.033);
    runtime.block(0.3);
    runtime.advance(0.01);
    settle(report);
    assertBlamed(blamed(), { unknown: 0.3 });
  });

  it("tells two blockers in one turn apart", () => {
    const { run, blamed } = begin();
    run(report, 0.2);
    run(hello, 0.1);
    assertBlamed(blamed(), { "GET /report": 0.2, "GET /hello": 0.1 });
  });

  it("adds up many handlers of one route in one turn, none of which is a stall by itself", () => {
    const { run, blamed, stalls } = begin();
    for (let i = 0; i < 20; i++) run(named("GET /small"), 0.02);
    assertBlamed(blamed(), { "GET /small": 0.4 });
    assertEquals(stalls.length, 1);
  });

  it("does not accuse those who only waited", () => {
    const { runtime, run, settle, blamed } = begin();
    for (let i = 0; i < 50; i++) run(innocent, 0);
    runtime.advance(0.01);
    run(report, 0.4);
    for (let i = 0; i < 50; i++) {
      runtime.stall(0.0001);
      settle(innocent);
    }
    assertBlamed(blamed(), { "GET /report": 0.4 });
  });

  it("takes the time of what runs within off what runs around it", () => {
    const { run, blamed } = begin();
    run(report, 0.1, () => run(named("resize", "task"), 0.2));
    assertBlamed(blamed(), { task: 0.2, "GET /report": 0.1 });
  });

  it("takes no continuation for the cause while somebody runs synchronously", () => {
    const { run, settle, blamed } = begin();
    run(report, 0.2, () => settle(innocent));
    assertBlamed(blamed(), { "GET /report": 0.2 });
  });

  describe("of what goes on in a later turn", () => {
    /** What runs behind the microtasks that are queued by now. */
    const microtasks = (): Promise<void> => Promise.resolve();

    it("blames its own time alone, whatever comes before and behind it", async () => {
      const { runtime, blame, blamed } = begin();
      runtime.stall(0.2);
      blame.goesOn(report, runtime.now);
      runtime.stall(0.3);
      await microtasks();
      runtime.stall(0.1);
      assertBlamed(blamed(), { "GET /report": 0.3, unknown: 0.3 });
    });

    it("tells those apart that go on before the same microtasks", async () => {
      const { runtime, blame, blamed } = begin();
      for (const [holder, seconds] of [[report, 0.3], [hello, 0.1]] as const) {
        blame.goesOn(holder, runtime.now);
        runtime.stall(seconds);
      }
      await microtasks();
      runtime.stall(0.001);
      assertBlamed(blamed(), { "GET /report": 0.3, "GET /hello": 0.1 });
    });

    it("knows nobody where somebody's continuation runs before those microtasks as well", async () => {
      const { runtime, blame, settle, blamed } = begin();
      blame.goesOn(report, runtime.now);
      runtime.stall(0.3);
      settle(innocent);
      await microtasks();
      assertBlamed(blamed(), { unknown: 0.3 });
    });

    it("leaves the time, and the clock, to whose synchronous part runs", async () => {
      const { runtime, run, blame, blamed } = begin();
      let reads = 0;
      run(report, 0.1, () => {
        blame.goesOn(innocent, () => (reads++, runtime.now()));
        runtime.stall(0.1);
      });
      await microtasks();
      runtime.stall(0.001);
      assertEquals(reads, 0);
      assertBlamed(blamed(), { "GET /report": 0.2 });
    });

    it("takes what runs under a name of its own within off it", async () => {
      const { runtime, run, blame, blamed } = begin();
      blame.goesOn(report, runtime.now);
      runtime.stall(0.1);
      run(named("resize", "task"), 0.2);
      await microtasks();
      assertBlamed(blamed(), { "GET /report": 0.1, task: 0.2 });
    });
  });

  it("leaves alone what is shorter than a stall", () => {
    const { runtime, run, stalls } = begin();
    for (let i = 0; i < 50; i++) {
      run(report, 0.015);
      runtime.runDue();
      runtime.advance(0.0333);
    }
    assertEquals(stalls, []);
  });

  it("leaves alone what is a little shorter, and sees what is as long, wherever between two beats it began", () => {
    for (let phase = 0; phase < 20; phase++) {
      for (const [seconds, count] of [[0.0499, 0], [0.0501, 1]] as const) {
        const { runtime, run, stalls, blamed } = begin();
        runtime.advance(phase / 1000);
        run(report, seconds);
        assertBlamed(blamed(), count === 0 ? {} : { "GET /report": seconds });
        assertEquals(stalls.length, count, `${seconds} s, ${phase} ms behind a beat`);
      }
    }
  });

  it("sees a handler that is a stall also between two beats that are far apart", () => {
    const runtime = new FakeRuntime();
    const stalls: Stall[] = [];
    const blame = new Blame({ stallSeconds: 0.05, cpuSeconds: undefined, book: (stall) => stalls.push(stall) });
    blame.leave(blame.enter(report, 10), 10.06);
    blame.beat(15, 0, 5);
    blame.flush();
    assertEquals(stalls.map(({ shares }) => shares.map(({ name }) => name)), [["GET /report"]]);
    assertAlmostEquals(stalls[0]!.seconds, 0.06, 1e-9);
    assertEquals("cpuSeconds" in stalls[0]!, false);
    assertEquals(runtime.timersStarted, 0);
  });

  it("tells the CPU time of a stall, never more than its wall time", () => {
    const { runtime, blame, stalls, blamed } = begin();
    for (const share of [1, 0.2, 3]) {
      const outer = blame.enter(report, runtime.now());
      runtime.stall(0.3, share);
      blame.leave(outer, runtime.now());
      blamed();
    }
    const shares = stalls.map(({ cpuSeconds, seconds }) => cpuSeconds! / seconds);
    assertEquals(shares.length, 3);
    for (const [i, expected] of [1, 0.2, 1].entries()) assertAlmostEquals(shares[i]!, expected, 0.02);
  });

  it("blames collections that were most of a stall, and tells those that were less", () => {
    for (const [seconds, kind] of [[0.2, "gc"], [0.1, "request"]] as const) {
      const { runtime, blame, run, stalls, blamed } = begin();
      const beganAt = runtime.now() + 0.01;
      run(report, 0.3);
      runtime.runDue();
      // Node tells them a turn or two later.
      blame.collected(seconds, beganAt);
      blamed();
      assertEquals(stalls.map(({ shares }) => shares[0]!.kind), [kind]);
      assertEquals(stalls[0]!.gcSeconds! >= seconds, true);
    }
  });

  it("asks for collections whose time is not told, and takes those that are a stall by themselves", () => {
    const { runtime, blame, stalls, run, blamed } = begin();
    let heldBack: number[] = [];
    blame.drain = () => {
      for (const seconds of heldBack.splice(0)) blame.collected(seconds, undefined);
    };
    heldBack = [0.12, 0.08];
    run(report, 0.3);
    blamed();
    assertEquals(stalls.map(({ gcSeconds, shares: [share] }) => [gcSeconds, share!.kind]), [[0.2, "gc"]]);
    // Of shorter ones it is not known which stall they were in, if they were in one at all.
    heldBack = [0.04, 0.04];
    run(report, 0.1);
    blamed();
    heldBack = [0.2];
    blame.drain();
    run(report, 0.1);
    blamed();
    assertEquals(stalls.slice(1).map(({ gcSeconds, shares: [share] }) => [gcSeconds, share!.name]), [
      [undefined, "GET /report"],
      [undefined, "GET /report"],
    ]);
    assertEquals(runtime.timersWaiting, 1);
  });

  it("accuses nobody of a suspension", () => {
    const { runtime, blame, stalls, blamed } = begin();
    const outer = blame.enter(report, runtime.now());
    blame.leave(outer, runtime.now());
    runtime.suspend(120);
    assertEquals(blamed(), {});
    assertEquals(stalls, []);
  });

  describe("with a thread that watches", () => {
    const watch = (blame: Blame) => {
      const seen = { beats: 0, stalls: 0, runs: [] as (LoopHolder | undefined)[], lost: 0 };
      blame.watcher = {
        beat: () => seen.beats++,
        stalled: () => seen.stalls++,
        runs: (holder) => seen.runs.push(holder),
        lostSeconds: () => seen.lost,
        replaced: () => {},
      };
      return seen;
    };

    it("tells it who runs, and each beat", () => {
      const { runtime, blame, run } = begin();
      const seen = watch(blame);
      run(report, 0.01, () => run(hello, 0.01));
      assertEquals(seen.runs, [report, hello, report, undefined]);
      runtime.advance(1);
      assertAlmostEquals(seen.beats, 50, 2);
      runtime.suspend(120);
      assertAlmostEquals(seen.beats, 51, 2);
    });

    it("blames the host where that thread was not run either, and accuses no code", () => {
      const { runtime, blame, stalls, blamed } = begin();
      const seen = watch(blame);
      const outer = blame.enter(report, runtime.now());
      runtime.stall(0.3, 0);
      blame.leave(outer, runtime.now());
      runtime.runDue();
      // It may wake a little later than the loop.
      seen.lost += 0.28;
      assertEquals(blamed(), { host: stalls[0]!.seconds });
      assertAlmostEquals(stalls[0]!.seconds, 0.3, 0.02);
    });

    it("tells it of a stall that may be the host's, and of none in which the loop computed", () => {
      const { runtime, blame, run, blamed } = begin();
      const seen = watch(blame);
      run(report, 0.3); // which computes
      blamed();
      assertEquals(seen.stalls, 0);
      runtime.stall(0.3, 0.1);
      blamed();
      assertEquals(seen.stalls, 1);
    });

    const innocentHosts = [
      { name: "it was late for less than half of it", lost: 0.14, cpu: 0 },
      { name: "the code computed meanwhile", lost: 0.28, cpu: 0.9 },
      { name: "it was late before", lost: 0, cpu: 0 },
    ];
    for (const { name, lost, cpu } of innocentHosts) {
      it(`blames the code where ${name}`, () => {
        const { runtime, blame, blamed } = begin();
        const seen = watch(blame);
        seen.lost = 5;
        runtime.advance(0.1);
        const outer = blame.enter(report, runtime.now());
        runtime.stall(0.3, cpu);
        seen.lost += lost;
        blame.leave(outer, runtime.now());
        assertBlamed(blamed(), { "GET /report": 0.3 });
      });
    }
  });
});
