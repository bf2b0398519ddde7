/**
 * Node's own servers, without Hono: the page as a listener, and listeners that are measured. They work with `node:http` on
 * Deno and Bun as well.
 *
 * @example Express
 * ```ts
 * import express from "express";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { toNodeListener } from "@rtm/runtime-metrics/node";
 *
 * using monitor = createMonitor();
 * const app = express();
 * app.get("/metrics", toNodeListener(monitor.handler));
 * ```
 *
 * @module
 */

export { instrumentListener, type InstrumentListenerOptions } from "./instrument_listener.ts";
export type { IncomingLike, ResponseLike } from "./message.ts";
export { type NodeListener, toNodeListener } from "./to_node_listener.ts";
