import { setTimeout as delay } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import { assertEquals, assertLess } from "@std/assert";
import {
  get,
  requests,
  sendCounted,
  type TestCopy,
  untilCopies,
  untilRequests,
  untilStates,
  Watch,
} from "../support/copies.ts";
import { Page } from "../support/page.ts";
import { type Program, startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";

const file = startable("tests/support/copies_threads_program.ts");

describe("the threads of a process", () => {
  let program: Program;
  let copies: TestCopy[];
  const watch = new Watch();
  let sent = 0;
  const send = async (some: readonly TestCopy[]): Promise<void> => void (sent += await sendCounted(watch, some));

  /** Sends some to one thread, until it has counted them, and asks for no page meanwhile. */
  const sendUnseen = async ({ port }: TestCopy, times: number): Promise<void> => {
    const counted = async (): Promise<number> => requests(new Page(await get(port, "/metrics?copy=self")));
    const before = await counted();
    for (let i = 0; i < times; i++) await get(port, "/");
    sent += times;
    while (await counted() < before + times) await delay(10);
  };

  before(async () => {
    program = startProgram(file, {
      args: ["4"],
      timeoutSeconds: 110,
      isTold: true,
    });
    copies = (await untilCopies(program, 5)).sort((a, b) => a.number! - b.number!);
    await untilStates(watch, copies[0]!.port, { alive: 5, late: 0, ended: 0 });
  });
  after(async () => {
    program?.signal("SIGKILL");
    await program?.exited;
  });

  it("are all on the page of each, and the process once", async () => {
    await send(copies);
    for (const { port } of copies) {
      const page = await untilStates(watch, port, { alive: 5, late: 0, ended: 0 });
      assertEquals(requests(page), sent);
      // The same process, whichever thread told of it: five of them would be five times as large.
      const alone = page.value("process_resident_memory_bytes");
      assertLess(alone, 6e8);
      const labels = page.labels("runtime_eventloop_lag_peak_seconds");
      assertEquals([labels.length, new Set(labels).size], [5, 5]);
    }
  });

  it("are read while they hang, and not waited for", async () => {
    const [main, , , , blocked] = copies as [TestCopy, TestCopy, TestCopy, TestCopy, TestCopy];
    // What it counts from here on it tells nobody.
    await sendUnseen(blocked, 10);
    program.process.stdin!.write("hang 4\n");
    const series = (page: Page, name: string): number => page.value(`${name}{copy="${blocked.pid}.${blocked.thread}"}`);
    let before = 0;
    for (const { port } of [main, copies[1]!, main]) {
      const page = await untilStates(watch, port, { alive: 4, late: 1, ended: 0 });
      assertEquals(requests(page), sent);
      assertEquals(page.value('http_requests_in_progress{method="GET",route="none"}'), 1);
      const seconds = series(page, "runtime_eventloop_blocked_seconds_total");
      assertLess(before, seconds);
      assertLess(0.05, series(page, "runtime_eventloop_lag_latest_seconds"));
      assertLess(0.05, series(page, "runtime_eventloop_lag_peak_seconds"));
      before = seconds;
    }
    program.process.stdin!.write("free 4\n");
    sent++;
    assertEquals(requests(await untilStates(watch, main.port, { alive: 5, late: 0, ended: 0 })), sent);
    assertEquals(watch.falls, []);
  });

  it("keep what those have counted that end", async () => {
    const [main, first, second, third] = copies as [TestCopy, TestCopy, TestCopy, TestCopy];
    await send([main, first, second]);
    // What it counted last nobody has asked for.
    program.process.stdin!.write("end 1\n");
    assertEquals(requests(await untilStates(watch, main.port, { alive: 4, late: 0, ended: 1 })), sent);
    // It has no last words; what nobody has asked for is in its memory.
    await sendUnseen(second, 10);
    program.process.stdin!.write("terminate 2\n");
    assertEquals(requests(await untilStates(watch, main.port, { alive: 3, late: 0, ended: 2 })), sent);
    assertEquals(await untilRequests(watch, third.port, sent), sent);
    assertEquals(watch.falls, []);
  });
});
