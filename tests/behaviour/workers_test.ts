import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { assert, assertEquals } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { type WorkerPool, workerPool } from "@rtm/runtime-metrics/pools";
import { states } from "../support/copies.ts";
import { now, sleep } from "../support/loop.ts";
import { type Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";
import type { Held } from "../support/worker.ts";
import { startWorker, type TestWorker, workerKinds } from "../support/workers.ts";

/** How long a page waits for a worker, in seconds: longer than one takes to answer on a busy machine. */
const deadlineSeconds = 1.5;

/** Runs with so many workers of a kind, all of them shown, and a page of this thread and of those that have joined it. */
async function withCrew(
  kind: typeof workerKinds[number],
  size: number,
  run: (crew: WorkerPool, workers: TestWorker[], read: () => Promise<Page>) => Promise<void>,
): Promise<void> {
  const workers = await Promise.all(Array.from({ length: size }, () => startWorker(kind)));
  const crew = workerPool(workers.map(({ worker }) => worker));
  using monitor = createMonitor({ registry: new Registry(), pools: { crew } });
  using _copies = joinCopies(monitor, { deadlineSeconds });
  try {
    await run(crew, workers, () => scrape(monitor));
  } finally {
    for (const { terminate } of workers) await terminate();
  }
}

const pool = (page: Page, ...what: string[]): number[] =>
  what.map((each) => page.value(`runtime_pool_${each}{pool="crew"}`));

for (const kind of workerKinds) {
  describe(`workers, each a ${kind}`, () => {
    it("are counted while they live, and one that was terminated no longer", async () => {
      await withCrew(kind, 2, async (crew, [first], read) => {
        assertEquals(pool(await read(), "capacity", "active", "queued"), [2, 0, 0]);
        await first!.terminate();
        await until(read, (page) => pool(page, "capacity")[0] === 1);
        const third = await startWorker(kind);
        crew.add(third.worker);
        assertEquals(pool(await read(), "capacity"), [2]);
        await third.terminate();
      });
    });

    it("tell how late their own loops are, also while one of them is blocked", async () => {
      await withCrew(kind, 2, async (_crew, [, second], read) => {
        const name = "runtime_eventloop_blocked_seconds_total";
        const living = (page: Page): boolean => page.value('runtime_copies{state="alive"}') === 3;
        const whole = await until(read, living, 20);
        assert(living(whole), JSON.stringify(states(whole)));
        // What a thread tells of itself is of a moment before its page is whole.
        const beganAt = now();
        const before = await read();
        const rises = (page: Page): number[] =>
          before.labels(name).map((labels) => page.value(name + labels) - before.value(name + labels));
        const gate = new Int32Array(new SharedArrayBuffer(4));
        const isHeld = (message: unknown): message is Held => (message as Partial<Held>).heldSeconds !== undefined;
        const held = second!.heard(isHeld) as Promise<Held>;
        second!.tell({ hold: gate });
        // Nobody can tell it but who reads the memory of the one that is held.
        const late = (page: Page): number => page.value('runtime_copies{state="late"}');
        const page = await until(read, (page) => late(page) === 1 && Math.max(...rises(page)) > 0.5, 20);
        Atomics.store(gate, 0, 1);
        Atomics.notify(gate, 0);
        const { heldSeconds } = await held;
        assertEquals(page.labels(name).sort(), before.labels(name).sort());
        assertEquals(page.labels(name).length, 3);
        assertEquals(late(page), 1);
        // Where between two beats, which are at most 33 ms apart, a stall began is not known: half of that is added.
        const check = (rise: number, least: number): void =>
          assert(rise > least && rise < now() - beganAt + 0.033, `${rise} s`);
        check(Math.max(...rises(page)), 0.5);
        const isOver = (page: Page): boolean => living(page) && Math.max(...rises(page)) > heldSeconds - 0.1;
        check(Math.max(...rises(await until(read, isOver, 20))), heldSeconds - 0.02);
      });
    });

    it("have jobs: one at work, the others waiting, across workers added up", async () => {
      await withCrew(kind, 2, async (crew, [first, second], read) => {
        const ask = (worker: TestWorker, id: number): Promise<unknown> =>
          crew.track(worker.worker, () => {
            const answer = worker.heard((message) => message === id);
            worker.tell({ block: 0.2 });
            worker.tell({ echo: id });
            return answer;
          });
        const answers = [ask(first!, 1), ask(first!, 2), ask(first!, 3), ask(second!, 4)];
        // What is joined is taken when this thread is asked, before it waits for the others.
        assertEquals(pool(await read(), "active", "queued"), [2, 2]);
        assertEquals(await Promise.all(answers), [1, 2, 3, 4]);
        await sleep(0);
        assertEquals(pool(await read(), "active", "queued"), [0, 0]);
      });
    });

    it("are counted no longer when an error has ended them", async () => {
      await withCrew(kind, 1, async (_crew, [worker], read) => {
        worker!.tell({ throw: true });
        const page = await until(read, (page) => pool(page, "capacity")[0] === 0);
        assertEquals(pool(page, "capacity"), [0]);
      });
    });

    it("are left alone: no message comes that is not the app's own", async () => {
      const worker = await startWorker(kind);
      const messages: unknown[] = [];
      void worker.heard((message) => void messages.push(message) as unknown as boolean);
      workerPool([worker.worker]);
      await sleep(1.5);
      worker.tell({ echo: "here" });
      await worker.heard((message) => message === "here");
      assertEquals(messages, ["here"]);
      await worker.terminate();
    });
  });
}
