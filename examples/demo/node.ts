// npm start: the demo on Node.
import process from "node:process";
import { serve } from "@hono/node-server";
import { app, listening, monitor } from "./app.ts";

const port = Number(process.env["PORT"] ?? 3000);

const server = serve({ fetch: app.fetch, port }, (address) => console.log(listening("Node", address.port)));

// What is under way is answered first; then nothing is left that keeps the process alive.
process.once("SIGTERM", () => {
  server.close(() => monitor.stop());
  // close() ends the connections that are idle now, but not one that falls idle later or never sent a request.
  setInterval(() => {
    const busy = monitor.snapshot().pending["http_request"];
    if (!busy && "closeAllConnections" in server) server.closeAllConnections();
  }, 100).unref();
});
