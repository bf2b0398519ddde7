import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { holdThreads } from "../support/hidden_pool.ts";
import { type Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";

/**
 * Scrapes until a canary has come back or waited: one is sent each second, and a loop that is late makes them worthless, as
 * it is on a busy machine where it has much to do.
 */
export function untilCanary(monitor: { handler(): Promise<Response> }, good: (page: Page) => boolean): Promise<Page> {
  return until(() => scrape(monitor), good, 30, 0.1);
}

/** What became of canaries while threads of the hidden pool were held. */
export interface HiddenPoolSeen {
  /** What the page says. */
  capacity: number;
  /** With one job less than that: how many canaries came back, and the longest that one was seen to wait, in seconds. */
  passedWithOneFree: number;
  oldestWithOneFree: number;
  /** With just as many jobs. */
  passedWithNoneFree: number;
  oldestWithNoneFree: number;
}

/** Holds as many threads as the page says that there are, less one and then all. */
export async function observeHiddenPool(): Promise<HiddenPoolSeen> {
  using monitor = createMonitor({ registry: new Registry() });
  const passed = (page: Page): number =>
    page.has("runtime_pool_probe_wait_seconds_count")
      ? page.value('runtime_pool_probe_wait_seconds_count{pool="runtime"}')
      : 0;
  // Absent while the loop was late, too, and nobody can say whose doing the wait is.
  const oldest = (page: Page): number => page.series.get('runtime_pool_oldest_wait_seconds{pool="runtime"}') ?? 0;

  // Node tells the size once the pool has begun, which the first canary makes it do.
  const begin = await untilCanary(monitor, (page) => passed(page) > 0);
  const capacity = begin.value('runtime_pool_capacity{pool="runtime"}');

  let oneFree: Page;
  {
    await using _held = holdThreads(capacity - 1);
    oneFree = await untilCanary(monitor, (page) => passed(page) > passed(begin) || oldest(page) > 1);
  }
  let between: Page;
  let noneFree: Page;
  {
    await using _held = holdThreads(capacity);
    // A canary that was sent before the jobs comes back.
    between = await untilCanary(monitor, (page) => oldest(page) > 0.25);
    noneFree = await untilCanary(monitor, (page) => passed(page) > passed(between) || oldest(page) > 0.5);
  }
  return {
    capacity,
    passedWithOneFree: passed(oneFree) - passed(begin),
    oldestWithOneFree: oldest(oneFree),
    passedWithNoneFree: passed(noneFree) - passed(between),
    oldestWithNoneFree: oldest(noneFree),
  };
}
