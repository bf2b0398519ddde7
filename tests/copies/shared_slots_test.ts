import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BeatReader, SharedBeat } from "../../src/copies/shared_beat.ts";
import { beatAt, head, lagParts, SharedViews } from "../../src/copies/shared_layout.ts";
import { SharedReader } from "../../src/copies/shared_reader.ts";
import { SharedSlots } from "../../src/copies/shared_slots.ts";
import { type FamilySnapshot, type NumbersSnapshot, takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { Counter, Gauge } from "../../src/metrics/counter.ts";
import type { FamilyOptions } from "../../src/metrics/family.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { anyText } from "../support/any_text.ts";

const options = (name: string, labelNames: readonly string[] = ["kind"]): FamilyOptions => ({
  name,
  help: "help",
  labelNames,
  aggregator: "sum",
  staticLabels: { zone: "b" },
});

function families(): [Counter, Gauge, Histogram] {
  const drop = (): void => {};
  return [
    new Counter(options("jobs_total"), 10_000, drop),
    new Gauge(options("busy"), 10_000, drop),
    new Histogram({ ...options("waits_seconds"), buckets: [0.5, 1] }, 10_000, drop),
  ];
}

/** Another thread's end of the memory. */
function otherEnd(slots: SharedSlots): SharedReader {
  return new SharedReader(new SharedViews(slots.views.buffer));
}

/** What a snapshot says, whoever took it. */
function said(family: FamilySnapshot): unknown {
  const labels = Array.from({ length: family.size }, (_, i) => family.labels(i));
  const { name, help, type, aggregator } = family;
  const texts = labels.map((_, i) => family.written!.text(i));
  const createdAt = family.createdAt && Array.from(family.createdAt).slice(0, family.size);
  const numbers = family.kind === "numbers"
    ? Array.from(family.numbers)
    : [family.bounds, ...[family.values, family.sums, family.counts].map((each) => Array.from(each))];
  return { name, help, type, aggregator, labels, texts, createdAt, numbers };
}

const readAll = (reader: SharedReader): unknown[] => reader.families(reader.moment(), () => undefined).map(said);

describe("slots in shared memory", () => {
  it("are read as they are told, with what was counted before and with slots that come later", () => {
    const all = families();
    const [jobs, busy, waits] = all;
    jobs.add(jobs.slot("before"), 7);
    waits.observe(waits.slot("before"), 0.7);
    const slots = SharedSlots.make()!;
    const reader = otherEnd(slots);
    for (const family of all) family.share(slots);
    assertEquals(readAll(reader), all.map(takeSnapshot).map(said));
    assertEquals(jobs.value(0), 7);
    for (let i = 0; i < 300; i++) {
      // The texts are of any length, and those of one family are known to the others.
      jobs.add(jobs.slot(`kind ${i} ${"ä€😀".repeat(i % 7)}`), i);
      busy.add(busy.slot(`kind ${i * 2}`), -i);
      waits.observe(waits.slot(`kind ${i}`), i / 200, 3);
    }
    assertEquals(readAll(reader), all.map(takeSnapshot).map(said));
    jobs.add(0, 1);
    assertEquals(readAll(reader), all.map(takeSnapshot).map(said));
  });

  it("go back to memory of their own with all that was counted", () => {
    const [jobs, , waits] = families();
    const slots = SharedSlots.make()!;
    for (const family of [jobs, waits]) family.share(slots);
    jobs.add(jobs.slot("a"), 2);
    waits.observe(waits.slot("a"), 0.7);
    const reader = otherEnd(slots);
    const left = readAll(reader);
    for (const family of [jobs, waits]) family.share(undefined);
    jobs.add(jobs.slot("a"), 3);
    jobs.add(jobs.slot("b"), 4);
    waits.observe(waits.slot("a"), 0.3);
    assertEquals([jobs.value(0), jobs.value(1)], [5, 4]);
    assertEquals([waits.cumulative(0), waits.sum(0)], [[1, 2, 2], 1]);
    assertEquals(readAll(reader), left);
    // And again into another.
    const next = SharedSlots.make()!;
    for (const family of [jobs, waits]) family.share(next);
    assertEquals(readAll(otherEnd(next)), [jobs, waits].map(takeSnapshot).map(said));
  });

  it("are set back for everybody", () => {
    const [jobs] = families();
    const slots = SharedSlots.make()!;
    jobs.share(slots);
    jobs.add(jobs.slot("a"), 2);
    jobs.reset();
    const [read] = otherEnd(slots).families(otherEnd(slots).moment(), () => undefined);
    assertEquals(said(read!), said(takeSnapshot(jobs)));
    assertEquals(Array.from((read as NumbersSnapshot).numbers), [0]);
  });

  it("leave the memory with nothing lost when it is full", () => {
    const slots = SharedSlots.make(128 * 1024)!;
    const [jobs, , waits] = families();
    for (const family of [jobs, waits]) family.share(slots);
    jobs.add(jobs.slot("a"), 2);
    waits.observe(waits.slot("a"), 0.7);
    const long = "y".repeat(64 * 1024);
    jobs.add(jobs.slot(long), 3);
    jobs.add(jobs.slot("b"), 4);
    assertEquals([0, 1, 2].map((slot) => jobs.value(slot)), [2, 3, 4]);
    assert(!slots.has("jobs_total") && slots.has("waits_seconds"));
    assertEquals(readAll(otherEnd(slots)), [said(takeSnapshot(waits))]);
  });

  it("show labels whatever they are", () => {
    fc.assert(fc.property(fc.array(anyText(), { maxLength: 40 }), (texts) => {
      const [jobs] = families();
      const slots = SharedSlots.make()!;
      jobs.share(slots);
      for (const text of texts) jobs.add(jobs.slot(text));
      assertEquals(readAll(otherEnd(slots)), [said(takeSnapshot(jobs))]);
    }));
  });
});

describe("a reading of another thread", () => {
  it("is later than what was numbered before it, and earlier than what is numbered next", () => {
    const slots = SharedSlots.make()!;
    const reader = otherEnd(slots);
    const numbers = [slots.nextReport(), reader.read()!.number, otherEnd(slots).read()!.number, slots.nextReport()];
    assertEquals(numbers, [1, 2, 3, 4]);
  });

  it("is taken again where the thread has told something meanwhile", () => {
    const [jobs] = families();
    const slots = SharedSlots.make()!;
    jobs.share(slots);
    jobs.slot("a");
    const reader = otherEnd(slots);
    let times = 0;
    const moment = reader.moment.bind(reader);
    reader.moment = () => {
      const read = moment();
      // Just behind the look at what is there.
      if (times++ === 0) {
        jobs.add(0);
        slots.nextReport();
      }
      return read;
    };
    const { number, moment: read } = reader.read()!;
    assertEquals([number, Array.from(read)], [2, [1, 1]]);
  });

  it("has each label set whole while the thread counts all the time", () => {
    const [, , waits] = families();
    const slots = SharedSlots.make()!;
    waits.share(slots);
    const all = Array.from({ length: 20 }, (_, i) => waits.slot(`kind ${i}`));
    const reader = otherEnd(slots);
    const moment = reader.moment.bind(reader);
    reader.moment = () => {
      for (const slot of all) waits.observe(slot, 1);
      return moment();
    };
    const [read] = reader.families(reader.read()!.moment, () => undefined);
    assert(read?.kind === "distribution");
    for (const slot of all) assertEquals(read.counts[slot], read.sums[slot]);
  });
});

describe("the beat in shared memory", () => {
  const lag = {
    latestSeconds: 0.001,
    peakSeconds: 0.2,
    blockedSeconds: 1.5,
    suspendedSeconds: 0,
    sampledAtUnixSeconds: 99.98,
  };
  const ends = (): [SharedBeat, BeatReader, SharedViews] => {
    const { views } = SharedSlots.make()!;
    return [new SharedBeat(views), new BeatReader(new SharedViews(views.buffer)), views];
  };

  it("is told as it was written while the next one is not late", () => {
    const [own, other] = ends();
    assertEquals([other.lag(100), other.overdueSeconds(100)], [undefined, undefined]);
    own.write(lag, 100.02, 100);
    assertEquals(other.lag(100.01), lag);
    assertEquals(other.overdueSeconds(100.01), 0);
  });

  it("is late while the thread hangs, and blocked for as long as it will say itself", () => {
    const [own, other] = ends();
    own.write(lag, 100.02, 100);
    const late = other.lag(103.02)!;
    assertEquals([late.latestSeconds, late.peakSeconds].map((each) => each.toFixed(3)), ["2.995", "2.995"]);
    // It waited 3 s, and began at some moment of the 0.02 s before; 5 ms are left for clocks that differ.
    assert(Math.abs(late.blockedSeconds - (1.5 + 3.005)) < 0.002, `got ${late.blockedSeconds}`);
    assertEquals(late.sampledAtUnixSeconds, 99.98);
    assertEquals(other.overdueSeconds(103.02)!.toFixed(3), "3.000");
  });

  it("never says less than what was shown, nor does the thread", () => {
    const [own, other] = ends();
    own.write(lag, 100.02, 100);
    const { blockedSeconds } = other.lag(103)!;
    // Its own clock says less.
    own.write({ ...lag, blockedSeconds: 4 }, 103.04, 103.02);
    assertEquals(own.shownBlockedSeconds, blockedSeconds);
    assertEquals(other.lag(103.03)!.blockedSeconds, blockedSeconds);
    assertEquals(other.lag(102)!.blockedSeconds, blockedSeconds);
  });

  it("is not read in the middle of being written", () => {
    const [own, other, views] = ends();
    own.write(lag, 100.02, 100);
    Atomics.add(views.words, head.beatTurn, 1);
    views.doubles[beatAt + 2 + lagParts.indexOf("blockedSeconds")] = 77;
    assertEquals(other.lag(100.01), undefined);
    Atomics.add(views.words, head.beatTurn, 1);
    assertEquals(other.lag(100.01)!.blockedSeconds, 77);
  });
});
