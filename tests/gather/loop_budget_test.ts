import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { Slices } from "../../src/gather/loop_budget.ts";

const still = { now: () => 0 };

/** Steps that note how they were left. */
function steps(last = 3, broken = Infinity): { all: Generator<number, string>; left: string[] } {
  const left: string[] = [];
  function* all(): Generator<number, string> {
    let end = "closed";
    try {
      for (let i = 0; i < last; i++) {
        if (i === broken) throw new Error("a step broke");
        yield i;
      }
      end = "ended";
      return "all";
    } finally {
      left.push(end);
    }
  }
  return { all: all(), left };
}

describe("steps that are drained", () => {
  it("are taken to their end, which is answered", async () => {
    const { all, left } = steps();
    const taken: number[] = [];
    assertEquals(await new Slices(still).drain(all, (step) => taken.push(step)), "all");
    assertEquals([taken, left], [[0, 1, 2], ["ended"]]);
  });

  it("are closed when what takes them throws", async () => {
    const { all, left } = steps();
    const throws = (): never => {
      throw new Error("it is too long");
    };
    await assertRejects(() => new Slices(still).drain(all, throws), Error, "it is too long");
    assertEquals([left, all.next().done], [["closed"], true]);
  });

  it("are closed when no turn can be had", async () => {
    const { all, left } = steps(1000);
    let now = 0;
    const nextTurn = (): never => {
      throw new Error("no turn");
    };
    await assertRejects(() => new Slices({ now: () => now += 0.01, nextTurn }).drain(all), Error, "no turn");
    assertEquals(left, ["closed"]);
  });

  it("tell what they throw themselves", async () => {
    const { all, left } = steps(3, 1);
    await assertRejects(() => new Slices(still).drain(all), Error, "a step broke");
    assertEquals(left, ["closed"]);
  });
});
