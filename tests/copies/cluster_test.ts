import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { startable } from "../support/bundle.ts";
import { Client, get, kill, requests, type TestCopy, untilCopies, untilStates, Watch } from "../support/copies.ts";
import { freePort } from "../support/free_port.ts";
import { runtimeName } from "../support/loop.ts";
import { type Program, startProgram } from "../support/program.ts";

const started = await startable("tests/support/copies_cluster_program.ts");
after(() => started[Symbol.asyncDispose]());

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
      program = startProgram(started.file, {
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
        const page = await untilStates(watch, port, { alive: 5, late: 0, ended: 0 });
        assertEquals(requests(page), sent);
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
      let sent = requests(await watch.scrape(primary.port));
      const asked = [primary, ...workers];
      const all = async (): Promise<void> => {
        for (const { port } of asked) await watch.scrape(port);
      };
      const send = async (copies: TestCopy[]): Promise<void> => {
        const clients = copies.map(({ port }) => new Client(port));
        await all();
        for (const client of clients) sent += await client.end();
      };
      await send(workers);

      // What it counted last nobody has asked for.
      kill(ended.pid, "SIGTERM");
      asked.splice(asked.indexOf(ended), 1);
      await untilStates(watch, primary.port, { alive: 4, late: 0, ended: 1 });
      for (const { port } of asked) assertEquals(requests(await watch.scrape(port)), sent);

      await send([killed, stopped, blocked]);
      // Any of them may have shown what another was asked last.
      assertEquals(requests(await watch.scrape(killed.port)), sent);
      kill(killed.pid, "SIGKILL");
      asked.splice(asked.indexOf(killed), 1);
      await untilStates(watch, primary.port, { alive: 3, late: 0, ended: 2 });
      for (const { port } of asked) assertEquals(requests(await watch.scrape(port)), sent);

      await send([stopped, blocked]);
      assertEquals(requests(await watch.scrape(blocked.port)), sent);
      kill(stopped.pid, "SIGSTOP");
      asked.splice(asked.indexOf(stopped), 1);
      for (const { port } of asked) {
        const page = await untilStates(watch, port, { alive: 2, late: 1, ended: 2 });
        assertEquals(requests(page), sent);
      }
      kill(stopped.pid, "SIGCONT");
      asked.push(stopped);
      await untilStates(watch, stopped.port, { alive: 3, late: 0, ended: 2 });

      const blocking = get(blocked.port, "/block?ms=4000");
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const { port } of [primary, stopped]) {
        await untilStates(watch, port, { alive: 2, late: 1, ended: 2 }, 3);
      }
      await blocking;
      sent++;
      await untilStates(watch, primary.port, { alive: 3, late: 0, ended: 2 });

      program.process.stdin!.write("fork\n");
      const fresh = (await untilCopies(program, 6)).at(-1)!;
      asked.push(fresh);
      const page = await untilStates(watch, fresh.port, { alive: 4, late: 0, ended: 2 });
      assertEquals(requests(page), sent);
      await send([fresh, stopped]);
      for (let i = 0; i < 20; i++) await watch.scrape(asked[i % asked.length]!.port);
      assertEquals(requests(await watch.scrape(fresh.port)), sent);
      assertEquals(watch.falls, []);
    });
  });
}
