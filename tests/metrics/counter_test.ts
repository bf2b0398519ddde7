import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { Counter, Gauge } from "../../src/metrics/counter.ts";
import type { FamilyOptions } from "../../src/metrics/family.ts";

const options: FamilyOptions = {
  name: "jobs_total",
  help: "Jobs.",
  labelNames: ["kind"],
  aggregator: "sum",
  staticLabels: { service: "api" },
};

const counter = (max = 100, overflow: () => void = () => {}): Counter => new Counter(options, max, overflow);
const gauge = (): Gauge => new Gauge({ ...options, name: "jobs", aggregator: "max" }, 100, () => {});

describe("Counter", () => {
  it("begins each label set at 0 and adds to it alone", () => {
    const jobs = counter();
    const [a, b] = [jobs.slot("a"), jobs.slot("b")];
    jobs.add(a);
    jobs.add(a, 2.5);
    assertEquals([jobs.value(a), jobs.value(b)], [3.5, 0]);
  });

  it("keeps every number when it grows", () => {
    const jobs = counter();
    for (let i = 0; i < 100; i++) jobs.add(jobs.slot(`kind ${i}`), i);
    assertEquals(Array.from({ length: 100 }, (_, i) => jobs.value(jobs.slot(`kind ${i}`))), [...Array(100).keys()]);
  });

  it("counts label sets beyond the limit under _other", () => {
    let dropped = 0;
    const jobs = counter(2, () => dropped++);
    for (const kind of ["a", "b", "c", "d", "a"]) jobs.add(jobs.slot(kind));
    assertEquals(dropped, 2);
    assertEquals(jobs.slots.texts.map((text, i) => [text, jobs.value(i)]), [
      ['service="api",kind="a"', 2],
      ['service="api",kind="b"', 1],
      ['service="api",kind="_other"', 2],
    ]);
  });

  it("goes back to 0 on reset and keeps its series", async () => {
    const jobs = counter();
    jobs.add(jobs.slot("a"), 5);
    jobs.reset();
    assertEquals((await jobs.get()).values, [{ value: 0, labels: { service: "api", kind: "a" } }]);
  });
});

describe("Gauge", () => {
  it("rises and falls", () => {
    const jobs = gauge();
    const a = jobs.slot("a");
    jobs.add(a, 3);
    jobs.add(a, -2);
    assertEquals(jobs.value(a), 1);
  });

  it("keeps what is under way through a reset, so that it never falls below 0", () => {
    const jobs = gauge();
    const a = jobs.slot("a");
    jobs.add(a, 1);
    jobs.reset();
    jobs.add(a, -1);
    assertEquals(jobs.value(a), 0);
  });
});

describe("Counter and Gauge in prom-client's protocol", () => {
  it("answer name, help, type, aggregator and values", async () => {
    const jobs = counter();
    jobs.add(jobs.slot("a"), 2);
    jobs.slot("b");
    assertEquals(await jobs.get(), {
      name: "jobs_total",
      help: "Jobs.",
      type: "counter",
      aggregator: "sum",
      values: [
        { value: 2, labels: { service: "api", kind: "a" } },
        { value: 0, labels: { service: "api", kind: "b" } },
      ],
    });
    const { name, type, aggregator, values } = await gauge().get();
    assertEquals([name, type, aggregator, values], ["jobs", "gauge", "max", []]);
  });

  it("answer fresh objects that the caller may change", async () => {
    const jobs = counter();
    jobs.add(jobs.slot("a"), 2);
    const first = await jobs.get();
    for (const value of first.values) {
      assertFalse(Object.isFrozen(value) || Object.isFrozen(value.labels));
      value.value = 99;
      value.labels["instance"] = "changed";
    }
    first.values.length = 0;
    assertEquals((await jobs.get()).values, [{ value: 2, labels: { service: "api", kind: "a" } }]);
  });

  it("have a name that can be written, and keep their title when it is", async () => {
    const jobs = counter();
    assertEquals(Object.getOwnPropertyDescriptor(jobs, "name")?.writable, true);
    jobs.name = "jobs";
    assertEquals((await jobs.get()).name, "jobs");
    assertEquals(jobs.title, "jobs_total");
  });

  it("ask for a new sample first", async () => {
    const jobs = counter();
    const slot = jobs.slot("a");
    jobs.onCollect = () => jobs.add(slot);
    assertEquals((await jobs.get()).values[0]!.value, 1);
    assertEquals((await jobs.get()).values[0]!.value, 2);
    assert(jobs.onCollect);
  });
});
