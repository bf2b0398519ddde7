import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type PoolSource, readPool } from "../../src/pools/pool_source.ts";
import { sleep } from "../support/loop.ts";

describe("readPool()", () => {
  it("answers each number that the pool told", () => {
    const reading = { active: 3, queued: 12, capacity: 4, oldestWaitSeconds: 1.5 };
    assertEquals(readPool("jobs", () => reading), reading);
    assertEquals(readPool("jobs", () => ({ active: 0, queued: 0 })), { active: 0, queued: 0 });
  });

  it("leaves out what the pool does not know, and what is not asked for", () => {
    const source = (() => ({ active: 1, queued: undefined, threads: 9 })) as unknown as PoolSource;
    const reading = readPool("jobs", source);
    assertEquals(reading, { active: 1 });
    assertEquals(Object.keys(reading), ["active"]);
  });

  it("asks once", () => {
    let asked = 0;
    readPool("jobs", () => ({ active: ++asked }));
    assertEquals(asked, 1);
  });

  const wrong: [answer: unknown, message: string][] = [
    [undefined, 'Cannot read pool "jobs": expected an object, got undefined'],
    [null, 'Cannot read pool "jobs": expected an object, got null'],
    [5, 'Cannot read pool "jobs": expected an object, got 5'],
    [{ active: -1 }, 'Cannot read pool "jobs": active must be a number of at least 0, got -1'],
    [{ queued: Number.NaN }, 'Cannot read pool "jobs": queued must be a number of at least 0, got NaN'],
    [{ capacity: Infinity }, 'Cannot read pool "jobs": capacity must be a number of at least 0, got Infinity'],
    [{ capacity: "4" }, 'Cannot read pool "jobs": capacity must be a number of at least 0, got "4"'],
    [{ active: null }, 'Cannot read pool "jobs": active must be a number of at least 0, got null'],
    [{ oldestWaitSeconds: -0.5 }, "oldestWaitSeconds must be a number of at least 0, got -0.5"],
  ];
  for (const [answer, message] of wrong) {
    it(`refuses ${typeof answer === "object" ? JSON.stringify(answer) : String(answer)}: ${message}`, () => {
      assertThrows(() => readPool("jobs", () => answer as never), TypeError, message);
    });
  }

  it("refuses promises of a reading, and leaves none of their failures unhandled", async () => {
    const message = 'Cannot read pool "jobs": expected an object at once, got a promise';
    const source = ((): Promise<object> => Promise.reject(new Error("closed"))) as unknown as PoolSource;
    // An unhandled rejection ends the process on all three runtimes, and this test with it.
    assertThrows(() => readPool("jobs", source), TypeError, message);
    await sleep(0);
    let asked = 0;
    assertThrows(() => readPool("jobs", () => ({ then: () => asked++ }) as never), TypeError, message);
    assertEquals(asked, 0);
  });

  it("passes on what the pool throws", () => {
    const source: PoolSource = () => {
      throw new RangeError("closed");
    };
    assertThrows(() => readPool("jobs", source), RangeError, "closed");
  });
});
