import { after, before, describe, it } from "node:test";
import { assertEquals, assertLess } from "@std/assert";
import { Client, get, requests, type TestCopy, untilCopies, untilStates, Watch } from "../support/copies.ts";
import { type Program, startProgram } from "../support/program.ts";

describe("the threads of a process", () => {
  let program: Program;
  let copies: TestCopy[];
  const watch = new Watch();
  let sent = 0;
  const send = async (some: readonly TestCopy[]): Promise<void> => {
    const clients = some.map(({ port }) => new Client(port));
    for (const { port } of some) await watch.scrape(port);
    for (const client of clients) sent += await client.end();
  };

  before(async () => {
    program = startProgram("tests/support/copies_threads_program.ts", {
      args: ["4"],
      timeoutSeconds: 100,
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

  it("wait for none that hangs, which is shown as it answered last", async () => {
    const [main, , , , blocked] = copies as [TestCopy, TestCopy, TestCopy, TestCopy, TestCopy];
    const blocking = get(blocked.port, "/block?ms=4000");
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const { port } of [main, copies[1]!]) {
      const page = await untilStates(watch, port, { alive: 4, late: 1, ended: 0 }, 3);
      assertEquals(requests(page), sent);
    }
    await blocking;
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
    // It has no last words, and is missed for good.
    program.process.stdin!.write("terminate 2\n");
    assertEquals(requests(await untilStates(watch, main.port, { alive: 3, late: 1, ended: 1 })), sent);
    assertEquals(requests(await watch.scrape(third.port)), sent);
    assertEquals(watch.falls, []);
  });
});
