import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Exemplars } from "../../src/metrics/exemplars.ts";

describe("Exemplars", () => {
  it("look for a trace at most once a second in each place", () => {
    const exemplars = new Exemplars();
    const asked: string[] = [];
    const offer = (place: number, now: number, name: string): void =>
      exemplars.offer(place, 0.5, now, (of) => (asked.push(of), of), name);
    offer(0, 10, "a");
    offer(0, 10.9, "b");
    offer(40, 10.9, "c");
    offer(0, 11, "d");
    assertEquals(asked, ["a", "c", "d"]);
    assertEquals([...exemplars.copy()!].map(([place, { labels }]) => [place, labels.trace_id]), [[0, "d"], [40, "c"]]);
  });

  it("remember a bounded number of places as looked at, and look once more where one was forgotten", () => {
    const exemplars = new Exemplars();
    let asked = 0;
    const offer = (place: number): void => exemplars.offer(place, 0.5, 10, () => (asked++, "a"), undefined);
    for (let place = 0; place < 10_000; place++) offer(place);
    assertEquals([asked, exemplars.copy()!.size], [10_000, 10_000]);
    offer(9_999);
    assertEquals(asked, 10_000);
    offer(0);
    assertEquals(asked, 10_001);
  });

  it("keep the last one where there is no newer trace", () => {
    const exemplars = new Exemplars();
    assertEquals(exemplars.copy(), undefined);
    exemplars.offer(3, 0.25, 0, () => "a", undefined);
    exemplars.offer(3, 0.5, 5, () => undefined, undefined);
    const { labels, value } = exemplars.copy()!.get(3)!;
    assertEquals([labels.trace_id, value], ["a", 0.25]);
  });

  it("are forgotten with what they stand for", () => {
    const exemplars = new Exemplars();
    exemplars.offer(0, 1, 10, () => "a", undefined);
    const before = exemplars.copy()!;
    exemplars.clear();
    assertEquals(exemplars.copy(), undefined);
    assertEquals(before.size, 1);
    exemplars.offer(0, 1, 10.1, () => "b", undefined);
    assertEquals(exemplars.copy()!.get(0)!.labels.trace_id, "b");
  });
});
