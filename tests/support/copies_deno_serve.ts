// Isolates of `deno serve --parallel` whose copies are joined.

import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { answer } from "./copies_answers.ts";

const monitor = createMonitor();
joinCopies(monitor, { deadlineSeconds: Number(process.env["DEADLINE"] ?? 0.5) });

const handler: { fetch(request: Request): Response | Promise<Response> } = {
  fetch: monitor.instrument(answer, { path: "/metrics" }) as (request: Request) => Response | Promise<Response>,
};
export default handler;
