// What `bun --hot` leaves of a monitor, a recorder and a watchdog that a module makes each time when it is evaluated.

import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { until } from "../support/until.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const source = (port: number): string => `
import { readdirSync, readFileSync } from "node:fs";
import { createMonitor } from "${root}mod.ts";
import { recordStalls, watchdog } from "${root}src/stalls/mod.ts";

const all = globalThis as { loads?: number; told?: string[] };
const [load, told] = [all.loads = (all.loads ?? 0) + 1, all.told ??= []];
if (load === 1) setInterval(() => {}, 1000);

function holdLoop() {
  for (const end = performance.now() + 400; performance.now() < end;) Math.hypot(3, 4);
}

const monitor = createMonitor();
recordStalls(monitor, {
  thresholdSeconds: 0.3,
  onStall: ({ culprit }) => told.push(load + " " + culprit?.functionName),
});
const { port } = await watchdog(monitor, { server: { port: ${port} } }).ready;
setTimeout(holdLoop, 500);
setTimeout(() => {
  const threads = readdirSync("/proc/self/task").map((id) => readFileSync("/proc/self/task/" + id + "/comm", "utf8").trim());
  console.log(JSON.stringify({ load, port, watching: threads.filter((name) => name === "runtime-metrics").length, told }));
}, 2500);
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

describe("a hot reload", () => {
  it("ends what the module before it has started", { skip: process.platform !== "linux" }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "rtm-hot-"));
    const file = join(folder, "app.ts");
    const port = await freePort();
    writeFileSync(file, source(port));
    const child = spawn(process.execPath, ["--hot", "--no-clear-screen", file], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => output += chunk);
    child.stderr.on("data", (chunk) => output += chunk);
    try {
      for (const load of [1, 2, 3]) {
        await until(
          () => Promise.resolve(output),
          (text) => text.includes(`{"load":${load},`) || child.exitCode !== null,
          40,
        );
        appendFileSync(file, "//\n");
      }
      const told = output.split("\n").filter((line) => line.startsWith('{"load"')).slice(0, 3).map((line) =>
        JSON.parse(line)
      );
      const culprits = ["1 holdLoop", "2 holdLoop", "3 holdLoop"];
      assertEquals(
        told,
        [1, 2, 3].map((load) => ({ load, port, watching: 1, told: culprits.slice(0, load) })),
        output,
      );
    } finally {
      child.kill("SIGKILL");
      await new Promise((closed) =>
        child.exitCode === null && child.signalCode === null ? child.once("close", closed) : closed(0)
      );
      rmSync(folder, { recursive: true });
    }
  });
});
