// Isolates behind one port, all of them on the page of each:  deno serve --parallel -A examples/copies/deno_serve.ts
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";

const monitor = createMonitor();
joinCopies(monitor);

const handler: { fetch(request: Request): Response | Promise<Response> } = {
  fetch: monitor.instrument((_request: Request): Response | Promise<Response> => new Response("hello\n"), {
    path: "/metrics",
  }),
};
export default handler;
