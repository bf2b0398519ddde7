// npx tsx examples/express.ts: an Express app, measured under its routes' templates, with its page on /metrics.
import { createServer } from "node:http";
import process from "node:process";
import express, { type Request } from "express";
import { createMonitor } from "@rtm/runtime-metrics";
import { instrumentListener, toNodeListener } from "@rtm/runtime-metrics/node";

const monitor = createMonitor({ http: { exclude: ["/metrics"] } });

const app = express();
const users = express.Router();
users.get("/:id", (request, response) => void response.send(request.params.id));
app.use("/users", users);
// Whatever guards the rest of the app can guard this one, too.
app.get("/metrics", toNodeListener(monitor.handler));

const server = createServer(
  instrumentListener(monitor, app, {
    // Express knows the route only when it has found it, and then holds it in the request.
    route: (request: Request) => request.route && `${request.baseUrl}${request.route.path}`,
  }),
);

server.listen(Number(process.env["PORT"] ?? 3000), () => {
  const { port } = server.address() as { port: number };
  console.log(`Listening: http://localhost:${port}/users/7  http://localhost:${port}/metrics`);
});
process.once("SIGTERM", () => server.close().closeAllConnections());
