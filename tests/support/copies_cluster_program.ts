// A cluster whose copies are joined, the primary included. Each writes a line of JSON: its process' id, the port of its own,
// and the port that workers share. A line on the primary's standard input, `fork`, starts one more.

import cluster from "node:cluster";
import { createServer } from "node:http";
import process from "node:process";
import { createInterface } from "node:readline";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { answer } from "./copies_answers.ts";

const monitor = createMonitor();
const directory = process.env["DIRECTORY"];
const deadlineSeconds = Number(process.env["DEADLINE"] ?? 0.5);
joinCopies(monitor, { deadlineSeconds, ...directory && { directory } });

function listen(port: number): Promise<number> {
  const server = createServer(toNodeListener(monitor.instrument(answer, { path: "/metrics" })));
  return new Promise((resolve) =>
    server.listen({ port, host: "127.0.0.1", exclusive: port === 0 }, () => {
      resolve((server.address() as { port: number }).port);
    })
  );
}

if (cluster.isPrimary) {
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      if (line === "fork") cluster.fork();
    })
    // Whoever started it has ended, perhaps without a word.
    .on("close", () => process.exit());
  for (let i = 0; i < Number(process.argv[2]); i++) cluster.fork();
  console.log(JSON.stringify({ pid: process.pid, port: await listen(0), isPrimary: true }));
} else {
  process.on("SIGTERM", () => process.exit(0));
  const shared = await listen(Number(process.env["SHARED_PORT"]));
  console.log(JSON.stringify({ pid: process.pid, port: await listen(0), shared }));
}
