import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { PoolSource, PoolWatcher, RejectionReason } from "../../src/pools/pool_source.ts";
import { Pools } from "../../src/pools/pools.ts";
import type { PoolReading } from "../../src/sample.ts";

/** Pools with a clock turned by hand, and all that they were told. */
function begin() {
  const clock = { at: 50 };
  const errors: string[] = [];
  const told: [family: string, pool: string, seconds: number][] = [];
  const slots: string[] = [];
  const times = (family: string) => ({
    slot: (pool: string) => slots.push(`${family} of ${pool}`) - 1,
    observe: (slot: number, seconds: number) => void told.push([...slots[slot]!.split(" of "), seconds] as never),
  });
  const pools = new Pools({
    now: () => clock.at,
    self: {
      attempt(source, ask) {
        try {
          return ask();
        } catch {
          errors.push(source);
          return undefined;
        }
      },
      fail: (source) => void errors.push(source),
    },
    waits: times("waits"),
    runs: times("runs"),
    rejections: {
      slot: (pool, reason) => slots.push(`${reason} of ${pool}`) - 1,
      add: (slot) => void told.push([...slots[slot]!.split(" of "), 1] as never),
    },
  });
  const read = (): Record<string, PoolReading> => Object.fromEntries(pools.read());
  return { pools, clock, errors, told, slots, read };
}

/** A pool that keeps the watcher it was given. */
function watched(tells: ("waits" | "runs")[], name = "") {
  const state = { watching: 0, wait: (_: number) => {}, run: (_: number) => {} };
  const source: PoolSource = Object.assign(() => ({ active: name.length }), {
    watch(watcher: PoolWatcher) {
      state.watching++;
      if (tells.includes("waits")) state.wait = watcher.waits();
      if (tells.includes("runs")) state.run = watcher.runs();
      return () => void state.watching--;
    },
  });
  return { source, state };
}

describe("Pools.read()", () => {
  it("asks other people's pools at most once a second, and exact ones every time", () => {
    const { pools, clock, read } = begin();
    let [kept, exact] = [0, 0];
    pools.add("kept", () => ({ active: ++kept }));
    pools.add("exact", Object.assign(() => ({ active: ++exact }), { exact: true }));
    assertEquals(read(), { kept: { active: 1 }, exact: { active: 1 } });
    clock.at += 0.9;
    assertEquals(read(), { kept: { active: 1 }, exact: { active: 2 } });
    clock.at += 0.1;
    assertEquals(read(), { kept: { active: 2 }, exact: { active: 3 } });
  });

  it("leaves out a pool that throws, and counts that; the others stay", () => {
    const { pools, clock, errors, read } = begin();
    let broken = true;
    pools.add("broken", () => {
      if (broken) throw new Error("closed");
      return { active: 2 };
    });
    pools.add("sound", () => ({ active: 1 }));
    assertEquals(read(), { sound: { active: 1 } });
    assertEquals(read(), { sound: { active: 1 } });
    assertEquals(errors, ["pool:broken"]);
    broken = false;
    clock.at += 1;
    assertEquals(read(), { broken: { active: 2 }, sound: { active: 1 } });
  });
});

describe("Pools.add()", () => {
  it("watches a pool until it is taken off, and begins only what it tells", () => {
    const { pools, told, slots, errors } = begin();
    const { source, state } = watched(["runs"]);
    const remove = pools.add("jobs", source);
    assertEquals([state.watching, slots], [1, ["runs of jobs"]]);
    state.run(0.5);
    state.run(0);
    assertEquals(told, [["runs", "jobs", 0.5], ["runs", "jobs", 0]]);
    remove();
    remove();
    assertEquals([state.watching, errors], [0, []]);
  });

  it("counts what a pool rejects, each reason from 0", () => {
    const { pools, told, slots } = begin();
    let reject!: (reason: RejectionReason) => void;
    pools.add(
      "jobs",
      Object.assign(() => ({}), {
        watch(watcher: PoolWatcher) {
          reject = watcher.rejections();
          return () => {};
        },
      }),
    );
    assertEquals([slots, told], [["full of jobs", "gave_up of jobs"], []]);
    reject("gave_up");
    reject("full");
    reject("full");
    assertEquals(told, [["gave_up", "jobs", 1], ["full", "jobs", 1], ["full", "jobs", 1]]);
  });

  it("refuses times that cannot be, and counts them as the pool's errors", () => {
    const { pools, told, errors } = begin();
    const { source, state } = watched(["waits"]);
    pools.add("jobs", source);
    for (const wrong of [-1, Number.NaN, Infinity, "1" as unknown as number]) state.wait(wrong);
    assertEquals([told, errors], [[], Array(4).fill("pool:jobs")]);
  });

  it("ends the watch over a pool whose place another takes, and only the other's remover takes that off", () => {
    const { pools, errors, read } = begin();
    const [first, second] = [watched(["waits"], "a"), watched(["waits"], "bb")];
    const removeFirst = pools.add("jobs", first.source);
    const removeSecond = pools.add("jobs", second.source);
    assertEquals([first.state.watching, second.state.watching], [0, 1]);
    // The earlier one's numbers are gone from the page; that they are is said there.
    assertEquals(errors, ["pool:jobs"]);
    removeFirst();
    assertEquals([read(), second.state.watching], [{ jobs: { active: 2 } }, 1]);
    removeSecond();
    assertEquals([read(), second.state.watching], [{}, 0]);
  });

  it("keeps a pool that is added twice until its newest remover is called", () => {
    const { pools, errors, read } = begin();
    const { source, state } = watched(["waits"], "a");
    const [older, newer] = [pools.add("jobs", source), pools.add("jobs", source)];
    // It shows the same numbers as before.
    assertEquals(errors, []);
    older();
    assertEquals([read(), state.watching], [{ jobs: { active: 1 } }, 1]);
    newer();
    assertEquals([read(), state.watching], [{}, 0]);
  });

  it("shows a pool whose watch throws, and counts that", () => {
    const { pools, errors, read } = begin();
    const broken = () => {
      throw new Error("no");
    };
    const remove = pools.add("jobs", Object.assign(() => ({ active: 1 }), { watch: broken }));
    pools.add("late", Object.assign(() => ({ active: 1 }), { watch: () => broken }))();
    assertEquals(read(), { jobs: { active: 1 } });
    remove();
    assertEquals(errors, ["pool:jobs", "pool:late"]);
  });
});
