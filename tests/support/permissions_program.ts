// A monitor with what this process may see, which is up to its flags; with an argument, a file is read before.

import { readFileSync } from "node:fs";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";

if (process.argv[2] === "ask") readFileSync("/etc/hostname");

const monitor = createMonitor();
const fetch = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
await (await fetch(new Request("http://localhost/"))).text();
const read = async (): Promise<string> => await (await fetch(new Request("http://localhost/metrics"))).text();
let page = await read();
// The first answer of the hidden pool comes after a second, and a later one where a busy machine made it worthless.
for (let waits = 0; waits < 60 && (waits < 5 || !page.includes("_probe_wait_seconds_count")); waits++) {
  await new Promise((resolve) => setTimeout(resolve, 250));
  page = await read();
}
console.log(page);
console.log("nothing more");
