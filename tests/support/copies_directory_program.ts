// One process of several that meet in a directory. It writes a line of JSON with its process' id and the port of its own,
// and where `SHARED_PORT` is set and the runtime can, listens there as well, beside the others.

import { createServer } from "node:http";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { answer } from "./copies_answers.ts";

interface Serving {
  readonly Bun?: { serve(options: object): unknown };
}

const monitor = createMonitor();
const directory = process.env["DIRECTORY"]!;
const group = process.env["GROUP"] ?? "default";
joinCopies(monitor, { directory, group, deadlineSeconds: Number(process.env["DEADLINE"] ?? 0.5) });
const fetch = monitor.instrument(answer, { path: "/metrics" });
const { Bun } = globalThis as unknown as Serving;
const shared = process.env["SHARED_PORT"];
if (shared && Bun) Bun.serve({ port: Number(shared), hostname: "127.0.0.1", reusePort: true, fetch });
process.on("SIGTERM", () => process.exit(0));
const server = createServer(toNodeListener(fetch)).listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ pid: process.pid, port: (server.address() as { port: number }).port }));
});
