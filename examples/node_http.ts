// npx tsx examples/node_http.ts: a plain server of node:http, measured, with its page on /metrics.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { instrumentListener } from "@rtm/runtime-metrics/node";

const monitor = createMonitor();

const server = createServer(
  instrumentListener(monitor, (request: IncomingMessage, response: ServerResponse) => {
    const id = /^\/users\/(\w+)$/.exec(request.url ?? "")?.[1];
    if (id === undefined) response.writeHead(404).end();
    else response.end(id);
  }, {
    path: "/metrics",
    route: (request) => request.url?.startsWith("/users/") ? "/users/:id" : undefined,
  }),
);

server.listen(Number(process.env["PORT"] ?? 3000), () => {
  const { port } = server.address() as { port: number };
  console.log(`Listening: http://localhost:${port}/users/7  http://localhost:${port}/metrics`);
});
process.once("SIGTERM", () => server.close().closeAllConnections());
