import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { CopiesTold, Message } from "../../src/live/message.ts";
import { visible } from "../../scripts/live/dom.ts";
import { JoinedRows } from "../../scripts/live/joined_rows.ts";
import { firstRow, keptRows, rowAt, Rows } from "../../scripts/live/rows.ts";
import { Store } from "../../scripts/live/store.ts";

const columns = ["seconds", "blocked", "heap_used", "rss", "cpu", "throttled", "requests", "lag_0", "lag_1"];

type Values = Record<string, number | null>;

/** A message with rows: each ends at a Unix time, and tells some columns. */
function message(rows: readonly (readonly [unix: number, values: Values])[], more: Partial<Message> = {}): Message {
  return {
    ...{ run: "run", cursor: `run.${rows.length}`, now: rows.at(-1)?.[0] ?? 0, severity: 0, findings: [] },
    ...{ about: {}, columns, lagBounds: [0.1], ageBounds: [], thresholds: { warning: 0.05, critical: 0.2 } },
    rows: rows.map(([unix, values]) => [unix, ...columns.map((name) => values[name] ?? null)]),
    ...{ routes: [], routeSeconds: 60, durationBounds: [0.1, 1] },
    ...{ pools: [], pending: [], limits: {}, stalls: [], hasProfiles: false, absent: {} },
    ...more,
  } as unknown as Message;
}

function rowsOf(...told: Parameters<typeof message>[0]): Rows {
  const rows = new Rows();
  rows.add(message(told));
  return rows;
}

/** A copy's rows of 1.005 s, each with the same numbers. */
function steady(from: number, count: number, values: Values): Rows {
  return rowsOf(
    ...Array.from({ length: count }, (_, i) => [from + (i + 1) * 1.005, { seconds: 1.005, ...values }] as const),
  );
}

describe("the rows of several copies", () => {
  const value = (joined: JoinedRows, unix: number, column: string): number =>
    joined.value(rowAt(joined, unix)!, joined.column(column));

  it("add up what is counted, without a second that lacks a copy", () => {
    const joined = new JoinedRows(columns);
    const counted = { requests: 10.05, cpu: 0.201, lag_0: 50.25 };
    const a = steady(1000, 300, { ...counted, heap_used: 10, rss: 100, blocked: 0 });
    const b = steady(1000.4, 300, { ...counted, heap_used: 20, rss: 100, blocked: 0.201 });
    joined.update([{ process: "p", rows: a }, { process: "p", rows: b }], 1000, 1300);
    for (let second = 1003; second < 1300; second++) {
      assertAlmostEquals(value(joined, second, "requests"), 20, 1e-3, `requests at ${second}`);
      assertAlmostEquals(value(joined, second, "lag_0"), 100, 1e-2);
      assertEquals(value(joined, second, "heap_used"), 30);
      // Two threads of one process, which tell the same of it.
      assertEquals(value(joined, second, "rss"), 100);
      assertAlmostEquals(value(joined, second, "cpu"), 0.2, 1e-6);
      // The worst of them, not the mean.
      assertAlmostEquals(value(joined, second, "blocked"), 0.2, 1e-6);
    }
    const apart = new JoinedRows(columns);
    apart.update([{ process: "p", rows: a }, { process: "q", rows: b }], 1000, 1300);
    assertEquals(value(apart, 1100, "rss"), 200);
  });

  it("put the long row of a held loop where it was, also when it comes late", () => {
    const joined = new JoinedRows(columns);
    const a = steady(1000, 20, { requests: 1.005 });
    const b = steady(1000, 10, { requests: 1.005 });
    const copies = [{ process: "p", rows: a }, { process: "q", rows: b }];
    joined.update(copies, 1000, 1019);
    assertAlmostEquals(value(joined, 1015, "requests"), 1, 1e-3);
    const told = b.add(message([[1017.05, { seconds: 7, blocked: 6.9, requests: 7 }]]));
    joined.update(copies, told.from, 1020);
    for (const second of [1012, 1015, 1017]) {
      assertAlmostEquals(value(joined, second, "requests"), 2, 1e-3);
      assertAlmostEquals(value(joined, second, "blocked"), 6.9 / 7, 1e-3);
    }
    assertAlmostEquals(value(joined, 1005, "requests"), 2, 1e-3);
  });

  it("leave a gap where nobody told anything, and keep an hour", () => {
    const joined = new JoinedRows(columns);
    const rows = steady(1000, 10, { requests: 1 });
    rows.add(message(Array.from({ length: 4000 }, (_, i) => [1100 + i, { seconds: 1, requests: i }])));
    joined.update([{ process: "p", rows }], 1000, 1015);
    joined.update([{ process: "p", rows }], 1000, 5099);
    assertEquals(value(joined, 5090, "requests"), 3990);
    assertEquals(joined.time(firstRow(joined, -Infinity)), 5099 - keptRows + 1);
  });

  it("joins no second that is no longer kept, however far a clock was set forward", () => {
    const joined = new JoinedRows(columns);
    const copies = (unix: number) =>
      [rowsOf([unix, { seconds: 1, requests: 7 }])].map((rows) => ({ process: "p", rows }));
    joined.update(copies(1000), 999, 1000);
    // Since 1970: second by second it would take minutes.
    joined.update(copies(1.8e9), 1.8e9 - 1, 1.8e9);
    assertEquals(joined.time(joined.count - 1), 1.8e9);
    assertEquals(value(joined, 1.8e9, "requests"), 7);
    assertEquals(rowAt(joined, 1.8e9 - 10), undefined);
  });
});

describe("what the browser keeps of copies", () => {
  const told = (copies: readonly [id: string, name: string, message?: Message][]): CopiesTold => ({
    copies: copies.map(([id, name, message]) => ({ id, name, process: id, ...message && { told: message } })),
  });
  const row = (unix: number, more: Partial<Message> = {}): Message =>
    message([[unix, { seconds: 1, requests: 1 }]], more);

  it("asks each for what is new, shows all or one, and goes on without one that is silent", () => {
    const store = new Store();
    assertEquals(store.question, { since: "0", copy: "all" });
    const findings = [{ severity: "critical", signal: "lag", sentence: "slow", runbook: "https://x/" }] as never;
    const pools = [{ name: "pg", active: 1, queued: 2, capacity: 4, oldestWaitSeconds: 1 }];
    const route = { method: "GET", route: "/", total: 3, count: 3, errors: 1, buckets: [1, 2, 0], spark: [1, 2] };
    const second = row(1000.5, {
      ...{ run: "b", cursor: "b.1", severity: 2, findings, pools, routes: [route] },
      ...{ routeSeconds: 30, inFlight: { ages: [0, 3], oldestSeconds: 1.4 } },
    });
    const inFlight = { ages: [1, 2], oldestSeconds: 1.2 };
    store.add(told([["a", "1", row(1000, { pools, routes: [route], inFlight })], ["b", "2", second]]));
    assertEquals(store.question, { since: "run.1,b.1", copy: "all" });
    const { view } = store.shown()!;
    assertEquals(view.severity, 2);
    assertEquals(view.findings.map(({ copy, sentence }) => [copy, sentence]), [["2", "slow"]]);
    assertEquals(view.pools, [{ name: "pg", active: 2, queued: 4, capacity: 8, oldestWaitSeconds: 1 }]);
    assertEquals(view.inFlight, { ages: [1, 5], oldestSeconds: 1.4 });
    const joined = { total: 6, count: 6, errors: 2, buckets: [2, 4, 0], spark: [2, 4] };
    // Three within a minute, and three within the half one that the other copy has measured.
    assertEquals(view.routes, [{ ...route, ...joined, perSecond: 3 / 60 + 3 / 30 }]);
    store.picked = "a";
    assertEquals(store.shown()!.view.findings, []);
    store.picked = "all";
    store.add(told([["a", "1", row(1001)], ["b", "2"]]));
    assertEquals(store.copies.map(({ isSilent }) => isSilent), [false, true]);
    assertEquals(store.shown()!.copies.length, 2);
    store.add(told([["a", "1", row(1002)]]));
    assertEquals(store.shown()!.copies.map(({ name }) => name), ["1"]);
  });

  it("goes on with the rows of the process that was there before", () => {
    const store = new Store();
    store.add(told([["a", "1", row(1000)], ["b", "2", row(1000)]]));
    store.picked = "a";
    const restarted = store.add(told([["c", "3", row(1010, { run: "other" })], ["b", "2", row(1010)]]));
    assertEquals([restarted, store.picked], [1010, "c"]);
    const { rows } = store.shown()!;
    assertEquals([rows.restarts, rows.time(firstRow(rows, -Infinity))], [[1010], 1000]);
    // Another one that was there before them answers, and takes nobody's rows.
    const about = { uptimeSeconds: 500 } as Message["about"];
    assertEquals(store.add(told([["d", "4", row(1010, { run: "d", about })]])), undefined);
    assertEquals([store.picked, store.copies[0]!.rows.restarts], ["all", []]);
    store.add(
      told([["c", "3", row(1010, { run: "other" })], ["b", "2", row(1010)], ["d", "4", row(1010, { run: "d" })]]),
    );
    // One that is new, while the one before it is still there, is not its successor either.
    assertEquals(
      store.add(told([["e", "5", row(1011, { run: "e" })], ["c", "3", row(1011, { run: "other" })]])),
      undefined,
    );
    // One that has ended is picked no longer.
    store.picked = "e";
    store.add(told([["c", "3", row(1012, { run: "other", about })]]));
    assertEquals(store.picked, "all");
  });

  it("keeps to one of several processes behind one address that are not joined, and tells of a restart", () => {
    const store = new Store();
    const of = (run: string, unix: number, uptimeSeconds: number, pid = 1): CopiesTold =>
      told([["", "", row(unix, { run, about: { uptimeSeconds, pid } as Message["about"] })]]);
    store.add(of("a", 1000, 500));
    for (let second = 1; second < 20; second += 2) {
      assertEquals(store.add(of("b", 1000 + second, 300)), undefined);
      store.add(of("a", 1001 + second, 501 + second));
    }
    assertEquals([store.isShared, store.shown()!.view.run, store.shown()!.rows.restarts], [true, "a", []]);
    // This one began when the other had told its last.
    assertEquals(store.add(of("c", 1030, 5)), 1030);
    assertEquals([store.shown()!.view.run, store.shown()!.rows.restarts], ["c", [1030]]);
    // The same process with another monitor, as after its code was loaded anew; and a sibling that was forked with it.
    assertEquals(store.add(of("d", 1040, 15)), 1040);
    assertEquals(store.add(of("e", 1041, 16, 2)), undefined);
    assertEquals(store.shown()!.view.run, "d");
  });

  it("begins anew with a process whose clock was set back", () => {
    const rows = new Rows();
    rows.add(message([[5000, { seconds: 1 }], [5001, { seconds: 1 }]]));
    const added = rows.add(message([[1400, { seconds: 1 }], [1401, { seconds: 1 }]], { run: "other" }));
    assertEquals([added.isNew, rows.count, rows.time(0)], [true, 2, 1400]);
    // The last seconds of another process that overlap are told already.
    rows.add(message([[1390, { seconds: 1 }], [1402, { seconds: 1 }]], { run: "third" }));
    assertEquals([rows.count, rows.time(rows.count - 1)], [3, 1402]);
  });
});

describe("what the page puts into its elements", () => {
  it("is a text that looks like what it is", () => {
    assertEquals(visible("GET /\u202emoc.live"), "GET /\\u202emoc.live");
    assertEquals(visible("a\u0000b\nc\u2066d\u2069"), "a\\u0000b\\u000ac\\u2066d\\u2069");
    for (const text of ["", "GET /users/:id", "שלום مرحبا", "👩‍👩‍👧 ❤️", "<b>&amp;</b>"]) assertEquals(visible(text), text);
  });
});
