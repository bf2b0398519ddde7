// npx tsx examples/express.ts: an Express app, measured under its routes' templates, with its page on /metrics.
import process from "node:process";
import express from "express";
import { createMonitor } from "@rtm/runtime-metrics";
import { expressMetrics } from "@rtm/runtime-metrics/node";

const monitor = createMonitor();

const app = express();
app.use(expressMetrics(monitor)); // before everything that it should measure
const users = express.Router();
users.get("/:id", (request, response) => void response.send(request.params.id));
app.use("/users", users);

const server = app.listen(Number(process.env["PORT"] ?? 3000), () => {
  const { port } = server.address() as { port: number };
  console.log(`Listening: http://localhost:${port}/users/7  http://localhost:${port}/metrics`);
});
process.once("SIGTERM", () => server.close().closeAllConnections());
