import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { livePage } from "@rtm/runtime-metrics/live";
import type { FindingsReport } from "../../src/live/finding.ts";
import type { Message } from "../../src/live/message.ts";
import { startMonitor } from "../../src/monitor/monitor.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

/** A page of a process whose time is turned by hand. */
function start(begin = 1000.25) {
  const clock = new FakeRuntime(begin);
  const monitor = startMonitor(undefined, { collect: { canary: false } }, () => clock, wholeProcess);
  const hit = (route: string, times: number, status = 200): void => {
    for (let i = 0; i < times; i++) {
      monitor.recorder!.begin(new Request("http://localhost/"), route, undefined)!
        .answer(new Response(null, { status }));
    }
  };
  const page = () => livePage(monitor, { public: true });
  return { clock, monitor, hit, page };
}

async function told<Answer = Message>(live: ReturnType<typeof livePage>, query = "?since=0"): Promise<Answer> {
  return await (await live.handler(new Request(`http://localhost/live${query}`))).json() as Answer;
}

describe("the requests that the live page tells", () => {
  it("are those since the first, also where they came before the first row", async () => {
    for (const seconds of [0.1, 0.9, 3, 12]) {
      const { clock, monitor, hit, page } = start();
      using _ = monitor;
      using live = page();
      hit("/a", 40, 500);
      clock.advance(seconds);
      const { routes, routeSeconds } = await told(live);
      assertEquals(routes.map(({ count, errors, spark }) => [count, errors, Math.max(...spark)]), [[40, 40, 40]]);
      assertAlmostEquals(routeSeconds, seconds, 1e-6);
      const { severity, findings } = await told<FindingsReport>(live, "?format=json");
      assertEquals([severity, findings.map(({ signal }) => signal)], [2, ["errors"]], `after ${seconds} s`);
    }
  });

  it("are those before the page was made as well, of the last minute in the table, of five minutes in the line", async () => {
    for (const [age, inTable, inLine] of [[20, 12, 12], [100, 5, 12], [400, 5, 5]] as const) {
      const { clock, monitor, hit, page } = start();
      using _ = monitor;
      hit("/a", 7);
      clock.advance(age);
      using live = page();
      hit("/a", 5);
      clock.advance(2);
      const { routes: [line] } = await told(live);
      const sum = line!.spark.reduce((all, each) => all + each, 0);
      assertEquals([line!.total, line!.count, sum], [12, inTable, inLine], `a page that was made after ${age} s`);
    }
  });

  it("are in flight as of the answer, whenever the newest row was read, and also of ten thousand", async () => {
    const { clock, monitor, hit, page } = start();
    using _ = monitor;
    using live = page();
    hit("/a", 1);
    clock.advance(1.1);
    assertEquals((await told(live)).inFlight, { ages: [0, 0, 0, 0, 0], oldestSeconds: 0 });
    const begin = (): unknown => monitor.recorder!.begin(new Request("http://localhost/"), "/a", undefined);
    for (let i = 0; i < 3; i++) begin();
    for (const [seconds, ages] of [[0.05, [3, 0, 0, 0, 0]], [0.5, [0, 3, 0, 0, 0]], [0.9, [0, 0, 3, 0, 0]]] as const) {
      clock.advance(seconds);
      const { inFlight } = await told(live);
      assertEquals(inFlight!.ages, ages);
      assertAlmostEquals(inFlight!.oldestSeconds, [0.05, 0.55, 1.45][[0.05, 0.5, 0.9].indexOf(seconds)]!, 1e-6);
    }
    for (let i = 0; i < 20_000; i++) begin();
    clock.advance(0.5);
    assertEquals((await told(live)).inFlight!.ages, [0, 20_000, 3, 0, 0]);
  });

  it("have a line and a finding as soon as their route is called first", async () => {
    const { clock, monitor, hit, page } = start();
    using _ = monitor;
    using live = page();
    hit("/ok", 3);
    clock.advance(11);
    await told(live, "?format=json");
    hit("/bad", 40, 500);
    clock.advance(1.2);
    const { severity, findings } = await told<FindingsReport>(live, "?format=json");
    assertEquals([severity, findings.map(({ signal }) => signal)], [2, ["errors"]]);
    assertEquals((await told(live)).routes.map(({ route, count }) => [route, count]), [["/bad", 40], ["/ok", 3]]);
  });
});
