import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  Client,
  get,
  kill,
  requests,
  sendCounted,
  type TestCopy,
  untilCopies,
  untilRequests,
  untilStates,
  Watch,
} from "../support/copies.ts";
import { freePort } from "../support/free_port.ts";
import { runtimeName } from "../support/loop.ts";
import { type Program, startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";

const file = startable("tests/support/copies_cluster_program.ts");

// One message while connections are passed, and no more come, of either (Deno 2.9.5).
const ways = runtimeName === "deno" ? ["in a directory"] : ["by its own messages", "in a directory"];

for (const way of ways) {
  describe(`the copies of node:cluster that meet ${way}`, () => {
    let program: Program;
    let primary: TestCopy;
    let workers: TestCopy[];
    let shared: number;
    const watch = new Watch();

    const directory = mkdtempSync(join(tmpdir(), "copies-"));
    before(async () => {
      shared = await freePort();
      program = startProgram(file, {
        args: ["4"],
        env: { SHARED_PORT: String(shared), ...way === "in a directory" && { DIRECTORY: directory } },
        timeoutSeconds: 100,
        isTold: true,
      });
      const copies = await untilCopies(program, 5);
      primary = copies.find(({ isPrimary }) => isPrimary)!;
      workers = copies.filter(({ isPrimary }) => !isPrimary);
      await untilStates(watch, primary.port, { alive: 5, late: 0, ended: 0 });
    });
    after(async () => {
      for (const { pid } of workers ?? []) {
        try {
          kill(pid, "SIGKILL");
        } catch {
          // It has ended.
        }
      }
      program?.signal("SIGKILL");
      await program?.exited;
      rmSync(directory, { recursive: true, force: true });
    });

    it("are all on the page of each, and one alone where that is asked for", async () => {
      const clients = [1, 2, 3].map(() => new Client(shared));
      const pages = [];
      for (let i = 0; i < 10; i++) pages.push(await watch.scrape([primary, ...workers][i % 5]!.port));
      const sent = (await Promise.all(clients.map((client) => client.end()))).reduce((sum, each) => sum + each);
      for (const { port } of [primary, ...workers]) {
        assertEquals(await untilRequests(watch, port, sent), sent);
        const page = await untilStates(watch, port, { alive: 5, late: 0, ended: 0 });
        const copies = [primary, ...workers].map(({ pid }) => `{copy="${pid}"}`).sort();
        assertEquals(page.labels("runtime_eventloop_lag_peak_seconds").sort(), copies);
        assertEquals(page.labels("runtime_metrics_last_collection_timestamp_seconds").sort(), copies);
      }
      let alone = 0;
      for (const { port } of [primary, ...workers]) {
        const text = await get(port, "/metrics?copy=self");
        assert(!text.includes("copy=") && !text.includes("runtime_copies"));
        alone += [...text.matchAll(/^http_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
      }
      assertEquals(alone, sent);
      assertEquals(watch.falls, []);
    });

    it("keep every sum when one of them ends, is killed, is stopped, hangs, or is new", async () => {
      const [ended, killed, stopped, blocked] = workers as [TestCopy, TestCopy, TestCopy, TestCopy];
      let sent = requests(await untilStates(watch, primary.port, { alive: 5, late: 0, ended: 0 }));
      const asked = [primary, ...workers];
      const send = async (copies: TestCopy[]): Promise<void> => void (sent += await sendCounted(watch, copies, asked));
      await send(workers);

      // What it counted last nobody has asked for.
      kill(ended.pid, "SIGTERM");
      asked.splice(asked.indexOf(ended), 1);
      await untilStates(watch, primary.port, { alive: 4, late: 0, ended: 1 });
      for (const { port } of asked) assertEquals(await untilRequests(watch, port, sent), sent);

      await send([killed, stopped, blocked]);
      // Any of them may have shown what another was asked last.
      assertEquals(await untilRequests(watch, killed.port, sent), sent);
      kill(killed.pid, "SIGKILL");
      asked.splice(asked.indexOf(killed), 1);
      await untilStates(watch, primary.port, { alive: 3, late: 0, ended: 2 });
      for (const { port } of asked) assertEquals(await untilRequests(watch, port, sent), sent);

      await send([stopped, blocked]);
      assertEquals(await untilRequests(watch, blocked.port, sent), sent);
      kill(stopped.pid, "SIGSTOP");
      asked.splice(asked.indexOf(stopped), 1);
      for (const { port } of asked) {
        const page = await untilStates(watch, port, { alive: 2, late: 1, ended: 2 });
        assertEquals(requests(page), sent);
      }
      kill(stopped.pid, "SIGCONT");
      asked.push(stopped);
      await untilStates(watch, stopped.port, { alive: 3, late: 0, ended: 2 });

      const freed = `${directory}-freed`;
      const blocking = get(blocked.port, `/block?until=${encodeURIComponent(freed)}`, 60);
      try {
        for (const { port } of [primary, stopped]) await untilStates(watch, port, { alive: 2, late: 1, ended: 2 });
      } finally {
        writeFileSync(freed, "");
        await blocking;
        rmSync(freed);
      }
      sent++;
      await untilStates(watch, primary.port, { alive: 3, late: 0, ended: 2 });

      program.process.stdin!.write("fork\n");
      const fresh = (await untilCopies(program, 6)).at(-1)!;
      asked.push(fresh);
      const page = await untilStates(watch, fresh.port, { alive: 4, late: 0, ended: 2 });
      assertEquals(requests(page), sent);
      await send([fresh, stopped]);
      for (let i = 0; i < 20; i++) await watch.scrape(asked[i % asked.length]!.port);
      assertEquals(await untilRequests(watch, fresh.port, sent), sent);
      assertEquals(watch.falls, []);
    });
  });
}
