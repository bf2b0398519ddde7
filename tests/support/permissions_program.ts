// A monitor with what this process may see, which is up to its flags; with an argument, a file is read before.

import { readFileSync } from "node:fs";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";

if (process.argv[2] === "ask") readFileSync("/etc/hostname");

const monitor = createMonitor();
const fetch = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
await (await fetch(new Request("http://localhost/"))).text();
await new Promise((resolve) => setTimeout(resolve, 1200));
console.log(await (await fetch(new Request("http://localhost/metrics"))).text());
console.log("nothing more");
