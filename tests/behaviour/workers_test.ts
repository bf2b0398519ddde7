import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { assert, assertEquals, assertLess } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { isWorkerReport, type WorkerPool, workerPool } from "@rtm/runtime-metrics/pools";
import { now, sleep } from "../support/loop.ts";
import { type Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";
import { startWorker, type TestWorker, workerKinds } from "../support/workers.ts";
import { series } from "./series.ts";

const of = (worker: number): string => `{pool="crew",worker="${worker}"}`;

/** Runs with so many workers of a kind, all of them shown, and one page after each has reported. */
async function withCrew(
  kind: typeof workerKinds[number],
  size: number,
  run: (crew: WorkerPool, workers: TestWorker[], read: () => Promise<Page>, page: Page) => Promise<void>,
): Promise<void> {
  const workers = await Promise.all(Array.from({ length: size }, () => startWorker(kind)));
  const crew = workerPool(workers.map(({ worker }) => worker));
  using monitor = createMonitor({ registry: new Registry(), pools: { crew } });
  const read = (): Promise<Page> => scrape(monitor);
  try {
    const all = (page: Page): boolean =>
      workers.every((_, i) => page.series.has(`runtime_worker_eventloop_lag_peak_seconds${of(i)}`));
    await run(crew, workers, read, await until(read, all, 20));
  } finally {
    for (const { terminate } of workers) await terminate();
  }
}

for (const kind of workerKinds) {
  describe(`the series of workers, each a ${kind}`, () => {
    series("workers", "is how many are alive, and those that died have left nothing behind", async () => {
      await withCrew(kind, 2, async (_crew, workers, read, page) => {
        assertEquals(page.value('runtime_workers{pool="crew"}'), 2);
        assertEquals(page.value('runtime_pool_capacity{pool="crew"}'), 2);
        await workers[0]!.terminate();
        const after = await until(read, (page) => page.value('runtime_workers{pool="crew"}') === 1);
        assertEquals(after.value('runtime_workers{pool="crew"}'), 1);
        for (const name of [...after.series.keys()]) assert(!name.includes(of(0).slice(1)), name);
        assert(after.series.has(`runtime_worker_report_age_seconds${of(1)}`));
      });
    });

    series("worker_eventloop_blocked_seconds_total", "is how long a worker's own loop stood still", async () => {
      await withCrew(kind, 2, async (_crew, [, second], read, before) => {
        const blocked = (page: Page, worker: number): number =>
          page.value(`runtime_worker_eventloop_blocked_seconds_total${of(worker)}`);
        const beganAt = now();
        second!.tell({ block: 0.5 });
        const page = await until(read, (page) => blocked(page, 1) - blocked(before, 1) > 0.4, 20);
        const rise = blocked(page, 1) - blocked(before, 1);
        // Of a stall that begins between two beats, at most 33 ms may be missing, and half of that is added.
        assert(rise > 0.48 && rise < now() - beganAt, `${rise} s`);
      });
    });

    series("worker_eventloop_lag_peak_seconds", "is the longest that a callback of the worker's waited", async () => {
      await withCrew(kind, 1, async (_crew, [worker], read) => {
        const peak = `runtime_worker_eventloop_lag_peak_seconds${of(0)}`;
        worker!.tell({ block: 0.5 });
        const value = (await until(read, (page) => page.value(peak) > 0.4, 20)).value(peak);
        assert(value > 0.46 && value < 5, `${value} s`);
      });
    });

    series("worker_eventloop_lag_latest_seconds", "is how late the newest beat before the report was", async () => {
      await withCrew(kind, 1, async (_crew, [worker], read) => {
        const value = (page: Page, what: string): number =>
          page.value(`runtime_worker_eventloop_lag_${what}_seconds${of(0)}`);
        // Blocked again and again, so that the beat before a report is a late one.
        for (let i = 0; i < 30; i++) worker!.tell({ block: 0.1 });
        const page = await until(read, (page) => value(page, "latest") > 0.05, 20);
        const latest = value(page, "latest");
        assert(latest > 0.05 && latest <= value(page, "peak"), `${latest} s`);
      });
    });

    series("worker_report_age_seconds", "rises while a worker is blocked, and falls with its next report", async () => {
      await withCrew(kind, 1, async (_crew, [worker], read) => {
        const age = `runtime_worker_report_age_seconds${of(0)}`;
        const beganAt = now();
        worker!.tell({ block: 3 });
        const late = (await until(read, (page) => page.value(age) > 2, 20)).value(age);
        assert(late < now() - beganAt + 2, `${late} s`);
        assertLess((await until(read, (page) => page.value(age) < 1, 20)).value(age), 1);
      });
    });

    it("shows jobs that a worker has: one at work, the others waiting, across workers added up", async () => {
      await withCrew(kind, 2, async (crew, [first, second], read) => {
        const ask = (worker: TestWorker, id: number): Promise<unknown> =>
          crew.track(worker.worker, () => {
            const answer = worker.heard((message) => message === id);
            worker.tell({ block: 0.2 });
            worker.tell({ echo: id });
            return answer;
          });
        const answers = [ask(first!, 1), ask(first!, 2), ask(first!, 3), ask(second!, 4)];
        const state = (page: Page): number[] =>
          ["active", "queued"].map((what) => page.value(`runtime_pool_${what}{pool="crew"}`));
        assertEquals(state(await read()), [2, 2]);
        assertEquals(await Promise.all(answers), [1, 2, 3, 4]);
        await sleep(0);
        assertEquals(state(await read()), [0, 0]);
      });
    });

    it("gives a new worker the name of one that is gone", async () => {
      await withCrew(kind, 2, async (crew, [first], read) => {
        await first!.terminate();
        await until(read, (page) => page.value('runtime_workers{pool="crew"}') === 1);
        const third = await startWorker(kind);
        crew.add(third.worker);
        const page = await until(
          read,
          (page) => page.series.has(`runtime_worker_eventloop_lag_peak_seconds${of(0)}`),
          20,
        );
        assertEquals(page.labels("runtime_worker_report_age_seconds").sort(), [of(0), of(1)]);
        await third.terminate();
      });
    });

    it("shows no longer a worker that an error has ended", async () => {
      await withCrew(kind, 1, async (_crew, [worker], read) => {
        worker!.tell({ throw: true });
        const page = await until(read, (page) => page.value('runtime_workers{pool="crew"}') === 0);
        assertEquals(page.value('runtime_workers{pool="crew"}'), 0);
        assertEquals(page.labels("runtime_worker_report_age_seconds"), []);
      });
    });

    it("sends an app's own listener nothing that it cannot tell apart", async () => {
      const worker = await startWorker(kind);
      const report = worker.heard((message) => typeof message === "object");
      assert(isWorkerReport(await report));
      const loaded = worker.heard(Array.isArray);
      worker.tell({ loaded: "prom-client" });
      assertEquals(await loaded, []);
      await worker.terminate();
    });
  });
}
