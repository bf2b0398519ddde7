// One of several processes behind one port, all of them on the page of each; start as many as there are cores:
// DIRECTORY=/run/my-api bun examples/copies/bun_processes.ts
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";

const monitor = createMonitor();
// It must be this user's own, and nobody else may enter; it is made where it is missing.
joinCopies(monitor, { directory: process.env["DIRECTORY"] ?? "/tmp/my-api" });

Bun.serve({
  port: Number(process.env["PORT"] ?? 3000),
  reusePort: true,
  fetch: monitor.instrument((_request: Request) => new Response("hello\n"), { path: "/metrics" }),
});
