// Threads of one process whose copies are joined, the main one included. It writes a line of JSON for each: its number and the
// port of its own. A line on its standard input ends a thread by its number: `end 2`, or `terminate 2`; `hang 2` blocks it in
// a request until `free 2`.

import { createServer } from "node:http";
import process from "node:process";
import { createInterface } from "node:readline";
import { isMainThread, parentPort, threadId, Worker, workerData } from "node:worker_threads";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { answer } from "./copies_answers.ts";

const monitor = createMonitor();
// Longer than a thread takes to answer on a busy machine.
const copies = joinCopies(monitor, { deadlineSeconds: 1.5 });

const shared = isMainThread ? undefined : (workerData as { free: Int32Array }).free;
const fetch = monitor.instrument((request: Request) => {
  if (request.url.endsWith("/hang")) Atomics.wait(shared!, 0, 0, 60_000);
  return answer(request);
}, { path: "/metrics" });

function listen(number: number): void {
  const server = createServer(toNodeListener(fetch));
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { port: number };
    console.log(JSON.stringify({ pid: process.pid, port, number, thread: threadId }));
  });
}

if (isMainThread) {
  listen(0);
  const workers = Array.from({ length: Number(process.argv[2]) }, (_, i) => {
    const free = new Int32Array(new SharedArrayBuffer(4));
    return Object.assign(new Worker(new URL(import.meta.url), { workerData: { number: i + 1, free } }), { free });
  });
  createInterface({ input: process.stdin }).on("line", (line) => {
    const [what, number] = line.split(" ");
    const worker = workers[Number(number) - 1]!;
    if (what === "free") {
      Atomics.store(worker.free, 0, 1);
      Atomics.notify(worker.free, 0);
    } else if (what === "terminate") void worker.terminate();
    else worker.postMessage(what);
  });
} else {
  listen((workerData as { number: number }).number);
  parentPort!.on("message", (what) => {
    if (what === "hang") return void fetch(new Request("http://localhost/hang"));
    copies.leave();
    // Of a thread on Deno this would end the process (2.9.5).
    if (!("Deno" in globalThis)) process.exit(0);
  });
}
