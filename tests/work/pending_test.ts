import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { PendingKind, PendingWork } from "../../src/work/pending.ts";
import { seeded } from "../support/loop.ts";

/** A promise that is settled from outside. */
function open<Value>(): {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
  reject: (reason: unknown) => void;
} {
  let resolve!: (value: Value) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<Value>((yes, no) => [resolve, reject] = [yes, no]);
  return { promise, resolve, reject };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A ledger with a clock turned by hand. */
function ledger(
  maxKinds = 100,
): { work: PendingWork; clock: { at: number }; now: () => number; overflows: () => number } {
  const clock = { at: 50 };
  let overflows = 0;
  const work = new PendingWork(maxKinds, () => overflows++);
  return { work, clock, now: () => clock.at, overflows: () => overflows };
}

describe("PendingWork.track()", () => {
  it("answers the very promise that it was given, and counts it until it settles", async () => {
    const { work, now } = ledger();
    const { promise, resolve } = open<string>();
    assertStrictEquals(work.track(now, "mail", promise), promise);
    assertEquals(work.kind("mail").count, 1);
    resolve("sent");
    assertEquals(await promise, "sent");
    assertEquals(work.kind("mail").count, 0);
  });

  it("calls a function at once and answers what it answered", () => {
    const { work, now } = ledger();
    let during = 0;
    const result = { some: "thing" };
    const answer = work.track(now, "parse", () => {
      during = work.kind("parse").count;
      return result;
    });
    assertStrictEquals(answer, result);
    assertEquals(during, 1);
    assertEquals(work.kind("parse").count, 0);
  });

  it("counts a function's promise until it settles, and answers that promise", async () => {
    const { work, now } = ledger();
    const { promise, resolve } = open<number>();
    assertStrictEquals(work.track(now, "fetch", () => promise), promise);
    assertEquals(work.kind("fetch").count, 1);
    resolve(1);
    await promise;
    assertEquals(work.kind("fetch").count, 0);
  });

  it("passes on what a function throws, and counts it no longer", () => {
    const { work, now } = ledger();
    const error = new Error("broken");
    const thrown = assertThrows(() =>
      work.track(now, "parse", () => {
        throw error;
      })
    );
    assertStrictEquals(thrown, error);
    assertEquals(work.kind("parse").count, 0);
  });

  it("leaves a rejection to whoever holds the promise, and reports it nowhere else", async () => {
    const { work, now } = ledger();
    const { promise, reject } = open<never>();
    const held = work.track(now, "mail", promise);
    const checked = assertRejects(() => held, Error, "refused");
    reject(new Error("refused"));
    await checked;
    assertEquals(work.kind("mail").count, 0);
    // A second copy of the rejection, which nobody holds, would be reported about now: each runtime's runner fails on it.
    await turn();
    await turn();
  });

  it("does not ask a function's thenable that is no promise, since that may begin its work again", () => {
    const { work, now } = ledger();
    let asked = 0;
    // deno-lint-ignore no-explicit-any -- a lazy query, as some database clients have it
    const query: any = { then: () => asked++ };
    assertStrictEquals(work.track(now, "query", () => query), query);
    assertEquals(asked, 0);
    assertEquals(work.kind("query").count, 0);
  });

  it("refuses a thenable that is no promise without asking it", () => {
    const { work, now } = ledger();
    let asked = 0;
    // deno-lint-ignore no-explicit-any -- a lazy query, as some database clients have it
    const query: any = { then: () => asked++ };
    assertThrows(
      () => work.track(now, "query", query),
      TypeError,
      "Cannot track work: expected a promise or a function, got an object",
    );
    assertEquals(asked, 0);
    assertEquals([...work.entries()], []);
  });

  const wrong: [kind: unknown, work: unknown, message: string][] = [
    ["", () => {}, "Cannot track work: kind must be a string with something in it, got "],
    [undefined, () => {}, "Cannot track work: kind must be a string with something in it, got undefined"],
    [7, () => {}, "Cannot track work: kind must be a string with something in it, got 7"],
    ["mail", undefined, "Cannot track work: expected a promise or a function, got undefined"],
    ["mail", null, "Cannot track work: expected a promise or a function, got null"],
    ["mail", "x", "Cannot track work: expected a promise or a function, got a string of 1 characters"],
  ];
  for (const [kind, what, message] of wrong) {
    it(`refuses kind ${JSON.stringify(kind)} with ${what === null ? "null" : typeof what}: ${message}`, () => {
      const { work, now } = ledger();
      assertThrows(() => work.track(now, kind as string, what as () => void), TypeError, message);
    });
  }

  it("tells the age of the oldest that has not settled, whatever the order of the ends", async () => {
    const { work, clock, now } = ledger();
    const [first, second, third] = [open<void>(), open<void>(), open<void>()];
    work.track(now, "job", first.promise);
    clock.at = 53;
    work.track(now, "job", second.promise);
    clock.at = 54;
    work.track(now, "job", third.promise);
    clock.at = 60;
    const kind = work.kind("job");
    assertEquals(kind.oldestAgeSeconds(60), 10);
    second.resolve();
    await second.promise;
    assertEquals(kind.oldestAgeSeconds(60), 10);
    first.resolve();
    await first.promise;
    assertEquals([kind.count, kind.oldestAgeSeconds(60)], [1, 6]);
    third.resolve();
    await third.promise;
    assertEquals([kind.count, kind.oldestAgeSeconds(60)], [0, 0]);
  });

  it("leaves nothing behind of 20,000 promises that settle in any order", async () => {
    const { work, clock, now } = ledger();
    const random = seeded(11);
    const all = Array.from({ length: 20_000 }, (_, i) => {
      clock.at = 50 + i / 1000;
      const each = open<number>();
      work.track(now, `kind ${i % 3}`, each.promise);
      return each;
    });
    assertEquals([0, 1, 2].map((i) => work.kind(`kind ${i}`).count), [6667, 6667, 6666]);
    for (let i = all.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [all[i], all[j]] = [all[j]!, all[i]!];
    }
    all.forEach(({ resolve, reject }, i) => i % 2 ? resolve(i) : reject(new Error("odd")));
    await Promise.allSettled(all.map(({ promise }) => promise));
    for (const [, kind] of work.entries()) assertEquals([kind.count, kind.oldestAgeSeconds(1000)], [0, 0]);
  });
});

describe("PendingWork.kind()", () => {
  it("keeps so many kinds apart, and counts the others together as _other", () => {
    const { work, now, overflows } = ledger(2);
    for (const kind of ["a", "b", "c", "d", "a"]) work.track(now, kind, open<void>().promise);
    assertEquals([...work.entries()].map(([name, { count }]) => [name, count]), [["a", 2], ["b", 1], ["_other", 2]]);
    assertEquals(overflows(), 2);
    for (let i = 0; i < 1000; i++) work.kind(`path/${i}`);
    assertEquals([...work.entries()].length, 3);
  });

  it("takes names that objects have for themselves", () => {
    const { work, now } = ledger();
    work.track(now, "__proto__", open<void>().promise);
    work.track(now, "constructor", open<void>().promise);
    assertEquals([...work.entries()].map(([name, { count }]) => [name, count]), [["__proto__", 1], ["constructor", 1]]);
  });
});

describe("PendingKind", () => {
  it("unlinks what it removes from either end and the middle", () => {
    const kind = new PendingKind();
    const [a, b, c, d] = [1, 2, 3, 4].map((beganAt) => ({ beganAt }));
    for (const item of [a, b, c, d]) kind.add(item!);
    kind.remove(b!);
    assertEquals(kind.oldestAgeSeconds(10), 9);
    kind.remove(a!);
    assertEquals(kind.oldestAgeSeconds(10), 7);
    kind.remove(d!);
    kind.remove(c!);
    assertEquals([kind.count, kind.oldestAgeSeconds(10)], [0, 0]);
    kind.add(a!);
    assertEquals([kind.count, kind.oldestAgeSeconds(10)], [1, 9]);
    assert(Object.values(a!).every((value) => value === undefined || value === 1));
  });

  it("tells no age below 0 when the clock is read before the beginning", () => {
    const kind = new PendingKind();
    kind.add({ beganAt: 5 });
    assertEquals(kind.oldestAgeSeconds(4.9), 0);
  });
});
