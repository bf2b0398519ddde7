import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Suspects } from "../../src/process/suspects.ts";

/** Beats in time; one of `every` has somebody who settled. */
function beats(suspects: Suspects, times: number, every = 0, name = "request GET /query"): void {
  for (let i = 0; i < times; i++) suspects.beat(every > 0 && i % every === 0 ? name : undefined);
}

/** How many stalls must have had this one until it is accused; undefined where it is not after 256. */
function accusedAfter(suspects: Suspects, name: string, between: () => void = () => {}): number | undefined {
  for (let times = 1; times <= 256; times++) {
    if (suspects.accused([name]).has(name)) return times;
    between();
  }
  return undefined;
}

describe("Suspects", () => {
  const [query, report] = ["request GET /query", "request GET /report"];

  it("accuses who is there at the first stall of a process in which hardly anybody settles", () => {
    assertEquals(accusedAfter(new Suspects(), report), 1);
    const quiet = new Suspects();
    beats(quiet, 1000, 64);
    assertEquals(accusedAfter(quiet, report), 1);
  });

  it("accuses nobody of the first stall where somebody settles all the time, and of the second who settles rarely", () => {
    const busy = new Suspects();
    beats(busy, 1000, 2);
    assertEquals(accusedAfter(busy, report), 2);
  });

  it("accuses who settles in every tenth beat from the third stall on at which it is", () => {
    const busy = new Suspects();
    beats(busy, 1000, 10);
    assertEquals(accusedAfter(busy, query), 3);
  });

  it("never accuses who settles all the time, whatever the share of stalls at which it is", () => {
    for (const absent of [2, 4, Infinity]) {
      const busy = new Suspects();
      beats(busy, 1000, 1);
      const found = Array.from({ length: 400 }, (_, i) => busy.accused(i % absent === 1 ? [] : [query]).size);
      assertEquals(found.indexOf(1), -1);
    }
  });

  it("accuses nobody who settles in nearly every second beat and was at two of many stalls", () => {
    const busy = new Suspects();
    for (let i = 0; i < 1000; i++) busy.beat(i % 100 < 51 ? query : undefined);
    for (let i = 0; i < 254; i++) busy.accused([]);
    assertEquals(busy.accused([query]).size, 0);
    assertEquals(busy.accused([query]).size, 0);
  });

  it("never accuses who begins to settle all the time when the process has been quiet for long", () => {
    for (const quiet of [0, 10_000]) {
      const suspects = new Suspects();
      beats(suspects, quiet);
      const found = Array.from({ length: 100 }, () => {
        beats(suspects, 6, 1);
        return suspects.accused([query]).size;
      });
      assertEquals(found.indexOf(1), -1);
    }
  });

  it("accuses no one of many, each of which settles rarely, and one of which must have been there", () => {
    const busy = new Suspects();
    const routes = Array.from({ length: 500 }, (_, i) => `request GET /${i}`);
    for (let i = 0; i < 4000; i++) busy.beat(routes[i % routes.length]);
    const found = routes.map((route) => busy.accused([route]).size);
    assertEquals(found.indexOf(1), -1);
  });

  it("finds who settles rarely among stalls of others", () => {
    const busy = new Suspects();
    beats(busy, 4000, 1);
    let found = false;
    for (let i = 0; i < 256; i++) {
      const accused = busy.accused(i % 20 === 0 ? [report] : i % 4 === 0 ? [] : [query]);
      found ||= accused.has(report);
      assertEquals(accused.has(query), false);
    }
    assertEquals(found, true);
  });

  it("forgets who has settled long ago", () => {
    const suspects = new Suspects();
    beats(suspects, 2000, 1);
    beats(suspects, 40_000);
    assertEquals(accusedAfter(suspects, report), 1);
  });

  it("remembers 256 stalls, and accuses none of what was before", () => {
    const suspects = new Suspects();
    beats(suspects, 1000, 4);
    for (let i = 0; i < 100; i++) suspects.accused([query]);
    assertEquals(suspects.accused([query]).has(query), true);
    for (let i = 0; i < 256; i++) suspects.accused([]);
    assertEquals(suspects.accused([query]).has(query), false);
  });
});
