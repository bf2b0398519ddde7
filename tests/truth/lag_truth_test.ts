// Lag in real time. Each case blocks the loop, notes when each block really began and ended, and compares the page with
// the truth made from that: a callback that becomes ready at a random moment of T seconds waits sum(B²) / 2T on average.
// So whatever the machine did to a block is in the truth; what it did to the loop between blocks is not, and raises the upper
// bounds by what it can have made of it at most: that no core was free, or that it stood still as a whole.

import { describe, it } from "node:test";
import process from "node:process";
import { Registry } from "prom-client";
import { assert, assertEquals, assertGreater, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { block, now, runtimeTitle, seeded, sleep, waitedForCore } from "../support/loop.ts";
import { difference, type HistogramState, type Page, quantileBucket, scrape } from "../support/page.ts";
import { StoodStill } from "../support/stood_still.ts";

/** How long each case measures, in seconds; the matrix of Node versions takes less. */
const windowSeconds = Number(process.env.TRUTH_SECONDS ?? 10);

const lag = "runtime_eventloop_lag_seconds";
const blocked = "runtime_eventloop_blocked_seconds_total";

interface Plan {
  name: string;
  blockSeconds: number;
  /** When each block is due, in seconds from the start. */
  starts: () => Iterable<number>;
  /** How long a slice is that is compared with the truth; the median of the slices counts. */
  sliceSeconds: number;
  /**
   * What the estimator itself reads over the truth of blocks of this length, simulated: timers keep whole milliseconds,
   * so a beat that was due just before a block may have to wait for its end.
   */
  bias: number;
  /** The bucket of the 99th percentile; undefined where the machine's own stalls would decide it. */
  p99?: number;
  /** Whether stalls are long enough to be told for certain. */
  tellsBlocked: boolean;
}

function* every(period: number): Generator<number> {
  for (let i = 0; i * period < windowSeconds - 0.5; i++) yield 0.2 + i * period;
}

/** Gaps of 0 to 1.2 s between the end of one block and the next. */
function* atRandom(blockSeconds: number): Generator<number> {
  const random = seeded(20);
  for (let at = random(); at < windowSeconds - blockSeconds; at += blockSeconds + 1.2 * random()) yield at;
}

const plans: Plan[] = [
  // Waits are spread evenly over each block, so 1 % of all moments wait longer than about 390 ms: p99 is in (0.2, 0.5].
  {
    name: "400 ms each second",
    blockSeconds: 0.4,
    starts: () => every(1),
    sliceSeconds: Infinity,
    bias: 1,
    p99: 0.5,
    tellsBlocked: true,
  },
  {
    name: "400 ms at random moments",
    blockSeconds: 0.4,
    starts: () => atRandom(0.4),
    sliceSeconds: Infinity,
    bias: 1,
    p99: 0.5,
    tellsBlocked: true,
  },
  // What a stall costs goes with its square: one of 60 ms that another program causes between the blocks weighs as much
  // as nine blocks of 20 ms. It spoils one slice, not the median of five.
  {
    name: "50 ms five times a second",
    blockSeconds: 0.05,
    starts: () => every(0.2),
    sliceSeconds: 2,
    bias: 1.02,
    tellsBlocked: true,
  },
  // A timer that is re-armed from "now" falls into step with this and reads 2.9 times the truth.
  {
    name: "20 ms every 60 ms",
    blockSeconds: 0.02,
    starts: () => every(0.06),
    sliceSeconds: 2,
    bias: 1.06,
    tellsBlocked: false,
  },
];

describe("lag in real time", () => {
  for (const plan of plans) {
    it(`tells the truth of ${plan.name}`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      await sleep(0.3);
      using stood = new StoodStill();
      const watch = watchBuckets(monitor);
      const marks = await runPlan(monitor, stood, plan);
      watch.stop();

      const whole = compare(marks[0]!, marks.at(-1)!);
      const slices = marks.slice(1).map((mark, i) => compare(marks[i]!, mark));
      const ratio = median(slices.map((slice) => slice.ratio));
      const blockedRatio = median(slices.map((slice) => slice.blockedRatio));
      const noiseless = median(slices.map(({ ratio, noise }) => ratio - noise));
      const noiselessBlocked = median(slices.map(({ blockedRatio, blockedNoise }) => blockedRatio - blockedNoise));
      const ofSlices = (value: number): string => slices.length > 1 ? ` (median of slices ${value.toFixed(3)})` : "";
      console.log(
        `${runtimeTitle}, ${plan.name}: mean ${ms(whole.mean)}, truth ${ms(whole.truth)}, ` +
          `ratio ${whole.ratio.toFixed(3)}${ofSlices(ratio)}, p99 at most ${whole.p99} s, ` +
          `blocked ratio ${whole.blockedRatio.toFixed(3)}${
            ofSlices(blockedRatio)
          }, ${watch.pages} pages; waited for a ` +
          `core for ${whole.waited.toFixed(3)} s besides`,
      );

      assert(ratio >= 0.85 * plan.bias && noiseless <= 1.15 * plan.bias, `the mean is ${ratio} times the truth`);
      if (plan.p99 !== undefined) {
        assertGreaterOrEqual(whole.p99, plan.p99);
        if (whole.longest + whole.waited <= plan.p99) assertEquals(whole.p99, plan.p99);
      }
      if (plan.tellsBlocked) {
        assert(blockedRatio >= 0.9 && noiselessBlocked <= 1.1, `blocked is ${blockedRatio} times the truth`);
      }
      assertEquals(watch.fallen, []);
    });
  }

  it("shows an idle loop as idle", async () => {
    // Another program may take the core at any moment, so the best of three windows counts; each is printed.
    const seen: { p99: number; waits: HistogramState; elapsed: number; waited: number }[] = [];
    const isIdle = ({ p99 }: { p99: number }): boolean => p99 <= 0.005;
    for (let i = 0; i < 3 && !seen.some(isIdle); i++) {
      using monitor = createMonitor({ registry: new Registry() });
      await sleep(0.3);
      const [began, waitedBefore] = [now(), waitedForCore()];
      const before = await scrape(monitor);
      await sleep(5);
      const waits = difference((await scrape(monitor)).histogram(lag), before.histogram(lag));
      const [elapsed, waited] = [now() - began, waitedForCore() - waitedBefore];
      seen.push({ p99: quantileBucket(waits, 0.99), waits, elapsed, waited });
      console.log(
        `${runtimeTitle}, idle window ${i + 1}: mean ${ms(waits.sum / waits.count)}, p99 at most ${
          seen.at(-1)!.p99
        } s, ` +
          `${waits.count} beats; waited for a core for ${waited.toFixed(3)} s`,
      );
      // A beat each 20 ms makes 250, whatever the machine does: late ones are filled in. A window that closes late has
      // more.
      assert(waits.count >= 248 && waits.count <= elapsed / 0.02 + 3, `${waits.count} beats in ${elapsed} s`);
    }
    if (seen.some(isIdle)) return;
    // No core was free for one in a hundred of all moments: then the mean is what that makes at most.
    for (const { waits, elapsed, waited } of seen) {
      assertGreater(waited, 0.01 * elapsed);
      assertLessOrEqual(waits.sum / waits.count, 0.002 + waited ** 2 / 2 / elapsed);
    }
  });
});

/** A page and what had been done to the loop by then. */
interface Mark {
  at: number;
  waits: HistogramState;
  blockedTold: number;
  /** The sums of the blocks so far, and of their squares. */
  blockedSeconds: number;
  squares: number;
  /** For how long the loop has waited for a core besides, or stood still with its machine. */
  waited: number;
  /** The longest block so far. */
  longest: number;
}

async function runPlan(
  monitor: Scraped,
  stood: StoodStill,
  { blockSeconds, starts, sliceSeconds }: Plan,
): Promise<Mark[]> {
  let [blockedSeconds, squares, waitedInBlocks, longest] = [0, 0, 0, 0];
  const marks: Mark[] = [];
  const mark = async (): Promise<void> => {
    const at = now();
    const page = await scrape(monitor);
    stood.note();
    const waited = waitedForCore() - waitedInBlocks + stood.seconds;
    const told = { waits: page.histogram(lag), blockedTold: page.value(blocked) };
    marks.push({ at, ...told, blockedSeconds, squares, waited, longest });
  };
  await mark();
  const begin = marks[0]!.at;
  for (const start of starts()) {
    await sleep(begin + start - now());
    stood.note();
    // To read what the machine did holds the loop as well, on some machines for milliseconds: it is part of the block.
    const from = now();
    const waited = waitedForCore();
    block(blockSeconds);
    waitedInBlocks += waitedForCore() - waited;
    const to = now();
    stood.skip();
    longest = Math.max(longest, to - from);
    blockedSeconds += to - from;
    squares += (to - from) ** 2;
    const left = begin + windowSeconds - to;
    // The last slice takes what is left over.
    if (to - marks.at(-1)!.at >= sliceSeconds && left >= sliceSeconds / 2) await mark();
  }
  await sleep(begin + windowSeconds - now());
  await mark();
  return marks;
}

interface Comparison {
  mean: number;
  truth: number;
  ratio: number;
  p99: number;
  blockedRatio: number;
  waited: number;
  longest: number;
  /** What the waits for a core make of the two ratios at most: all of them at once, and right behind the longest block. */
  noise: number;
  blockedNoise: number;
}

function compare(before: Mark, after: Mark): Comparison {
  const waits = difference(after.waits, before.waits);
  const mean = waits.sum / waits.count;
  const seconds = after.at - before.at;
  const truth = (after.squares - before.squares) / 2 / seconds;
  const blockedSeconds = after.blockedSeconds - before.blockedSeconds;
  const [waited, { longest }] = [after.waited - before.waited, after];
  return {
    mean,
    truth,
    ratio: mean / truth,
    p99: quantileBucket(waits, 0.99),
    blockedRatio: (after.blockedTold - before.blockedTold) / blockedSeconds,
    waited,
    longest,
    noise: (waited * longest + waited ** 2 / 2) / seconds / truth,
    blockedNoise: waited / blockedSeconds,
  };
}

interface Scraped {
  handler(): Promise<Response>;
}

/** Scrapes about five times a second and notes each bucket that stood lower than on the page before. */
function watchBuckets(monitor: Scraped): { fallen: string[]; pages: number; stop(): void } {
  let previous: Page | undefined;
  const timer = setInterval(async () => {
    const page = await scrape(monitor);
    for (const [series, count] of previous?.series ?? []) {
      if (series.startsWith(lag) && !(page.value(series) >= count)) watch.fallen.push(`${series} after ${count}`);
    }
    previous = page;
    watch.pages++;
  }, 200);
  const watch = { fallen: [] as string[], pages: 0, stop: () => clearInterval(timer) };
  return watch;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function ms(seconds: number): string {
  return `${(seconds * 1000).toFixed(2)} ms`;
}
