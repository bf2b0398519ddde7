// What `bun --hot` leaves of a monitor, a recorder and a watchdog that a module makes each time when it is evaluated.

import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/until.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const source = (port: number): string => `
import { readdirSync, readFileSync } from "node:fs";
import { createMonitor } from "${root}mod.ts";
import { recordStalls, watchdog } from "${root}src/stalls/mod.ts";

// What recorders have told, and under which load it was.
const all = globalThis as { loads?: number; told?: string[] };
const [load, told] = [all.loads = (all.loads ?? 0) + 1, all.told ??= []];
if (load === 1) setInterval(() => {}, 1000);

function holdLoop() {
  for (const end = performance.now() + 400; performance.now() < end;) Math.hypot(3, 4);
}

const monitor = createMonitor();
recordStalls(monitor, {
  thresholdSeconds: 0.3,
  // Others are a busy machine's.
  onStall: ({ culprit }) => culprit?.functionName === "holdLoop" && told.push(load + " in " + all.loads),
});
const { port } = await watchdog(monitor, { server: { port: ${port} } }).ready;
const threads = () =>
  readdirSync("/proc/self/task").map((id) => {
    try {
      return readFileSync("/proc/self/task/" + id + "/comm", "utf8").trim();
    } catch {
      return "ended";
    }
  }).filter((name) => name === "runtime-metrics").length;
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
// One stall a second is looked at, and that may be another one of a busy machine. Threads end a moment later.
for (let attempt = 0; attempt < 10 && !(told.includes(load + " in " + load) && threads() === 1); attempt++) {
  await sleep(500);
  holdLoop();
  await sleep(1500);
}
console.log(JSON.stringify({ load, port, watching: threads(), told: [...new Set(told)] }));
`;

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
      const culprits = ["1 in 1", "2 in 2", "3 in 3"];
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
