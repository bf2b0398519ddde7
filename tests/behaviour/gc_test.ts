import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { assert, assertEquals, assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { collectGarbage } from "../support/garbage.ts";
import { now, runtimeName, sleep } from "../support/loop.ts";
import { difference, type HistogramState, type Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";
import { series } from "./series.ts";

const pauses = (page: Page, kind: string): HistogramState =>
  page.histogram("runtime_gc_duration_seconds", `kind="${kind}"`);

/**
 * What a monitor tells of one kind of collection while something is done, and how long lay between the two pages it is read
 * from: an engine also collects before and after what is done, and what it does then is told as well. The second page is one
 * on which at least so many are told.
 */
async function during(
  kind: string,
  act: () => Promise<void> | void,
  least: () => number,
): Promise<{ count: number; sum: number; span: number }> {
  using monitor = createMonitor({ registry: new Registry() });
  await sleep(0.05);
  const begin = now();
  const before = pauses(await scrape(monitor), kind);
  await act();
  // Node tells its observers in a later turn of the loop.
  const grown = async (): Promise<HistogramState> => difference(pauses(await scrape(monitor), kind), before);
  const { count, sum } = await until(grown, ({ count }) => count >= least());
  return { count, sum, span: now() - begin };
}

describe("garbage collection", () => {
  series("gc_duration_seconds", "tells each major collection and how long it took", async () => {
    const kept = Array.from({ length: 300_000 }, (_, i) => ({ i, next: [i] }));
    let [times, wall] = [0, 0];
    const { count, sum, span } = await during("major", () => {
      const begin = now();
      for (; wall < 0.5; wall = now() - begin) {
        collectGarbage();
        times++;
      }
    }, () => times);
    assertGreaterOrEqual(count, times);
    assertLess(count, 4 * times);
    // They are most of what happened in that time: what was told has to fill theirs, and fit into the whole. Deno tells
    // nanoseconds where Node tells microseconds, so a unit that was mistaken would be out by a thousand, and what was told
    // twice would not fit.
    assertLessOrEqual(sum, span);
    assertGreater(sum, wall / 3);
    assertEquals(kept.length, 300_000);
  });

  series("gc_duration_seconds", "tells minor collections, which short-lived objects bring about", async () => {
    const { count, sum, span } = await during("minor", () => {
      // 100 MB of them, through a young generation of at most 32 MB.
      let last: number[] = [];
      for (let i = 0; i < 25_000; i++) last = Array.from({ length: 512 }, () => i);
      assertEquals(last.length, 512);
    }, () => 2);
    assertGreaterOrEqual(count, 2);
    assertGreater(sum, 0);
    assertLessOrEqual(sum, span);
  });

  series("gc_duration_seconds", "tells incremental marking, which a growing heap brings about", async () => {
    const kept: object[] = [];
    const { count, sum, span } = await during("incremental", async () => {
      for (let round = 0; round < 80; round++) {
        for (let i = 0; i < 20_000; i++) kept.push({ i, next: [i] });
        // V8 marks in tasks of its own, between the turns.
        await sleep(0.002);
      }
    }, () => 1);
    assertGreaterOrEqual(count, 1);
    assertGreater(sum, 0);
    assertLessOrEqual(sum, span);
    assert(kept.length > 0);
  });

  const skip = runtimeName === "bun" && "Bun tells no collections";
  it("has a series for each of these kinds from the first page on, and for no other", { skip }, async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await sleep(0.05);
    const kinds = (await scrape(monitor)).labels("runtime_gc_duration_seconds_count");
    assertEquals(kinds, ['{kind="minor"}', '{kind="major"}', '{kind="incremental"}']);
  });
});
