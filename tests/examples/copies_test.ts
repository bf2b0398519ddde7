import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { Client, requests, states, Watch } from "../support/copies.ts";
import { freePort } from "../support/free_port.ts";
import { runtimeName } from "../support/loop.ts";
import { Page } from "../support/page.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = "examples/copies/";

/** How each example is started, how often, and how many copies it makes. */
const examples = {
  node: {
    file: "cluster",
    command: [`${folder}cluster.ts`],
    processes: 1,
    // A worker for each core, and the primary.
    copies: availableParallelism() + 1,
  },
  deno: {
    file: "deno_serve",
    command: ["serve", "--parallel", "-A", "--no-check", `${folder}deno_serve.ts`],
    processes: 1,
    copies: 4,
  },
  bun: { file: "bun_processes", command: [`${folder}bun_processes.ts`], processes: 4, copies: 4 },
} as const;

const empty = new Page("");
const scrape = async (watch: Watch, port: number): Promise<Page> => {
  try {
    return await watch.scrape(port);
  } catch {
    // It does not listen yet.
    return empty;
  }
};

describe("the examples for copies", () => {
  const { file, command, processes, copies } = examples[runtimeName];
  it(`examples/copies/${file}.ts shows all copies on one page`, async () => {
    const directory = mkdtempSync(join(tmpdir(), "copies-"));
    const port = await freePort();
    const args = runtimeName === "deno"
      ? ["serve", "--host", "127.0.0.1", "--port", String(port), ...command.slice(1)]
      : runtimeName === "node"
      ? command.map((path) => startable(path))
      : command;
    const started = Array.from({ length: processes }, () =>
      spawn(process.execPath, [...args], {
        cwd: root,
        env: { ...process.env, PORT: String(port), DIRECTORY: directory, DENO_JOBS: "4", DENO_NO_UPDATE_CHECK: "1" },
        stdio: "ignore",
        // The workers of a cluster end with it.
        detached: true,
      }));
    try {
      const watch = new Watch();
      const all = (page: Page): boolean =>
        page.has("runtime_copies") && page.value('runtime_copies{state="alive"}') === copies;
      await until(() => scrape(watch, port), all, 60);
      const clients = [1, 2, 3, 4].map(() => new Client(port));
      for (let i = 0; i < 20; i++) await watch.scrape(port);
      let sent = 0;
      for (const client of clients) sent += await client.end();
      // One that the machine held up a moment ago may have missed its deadline, or counts its last answer now.
      const isWhole = (page: Page): boolean => states(page)["late"] === 0 && requests(page) >= sent;
      const page = await until(() => watch.scrape(port), isWhole);
      assertEquals([requests(page), watch.falls], [sent, []]);
      assertEquals(states(page)["late"], 0);
      const alive = states(page)["alive"]!;
      assertEquals(new Set(page.labels("runtime_eventloop_lag_peak_seconds")).size, alive);
      const resident = page.value("process_resident_memory_bytes");
      if (runtimeName === "deno") assertEquals(resident < 6e8, true, `${resident} bytes are of more than one process`);
    } finally {
      for (const { pid } of started) {
        try {
          process.kill(-pid!, "SIGKILL");
        } catch {
          // It has ended.
        }
      }
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
