/**
 * Node's own servers, without Hono: the page as a listener, and listeners that are measured. They work with `node:http` on
 * Deno and Bun as well.
 *
 * @example Express
 * ```ts
 * import express from "express";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { expressMetrics } from "@rtm/runtime-metrics/node";
 *
 * using monitor = createMonitor();
 * const app = express();
 * app.use(expressMetrics(monitor));
 * ```
 *
 * @module
 */

export { type ElysiaLike, elysiaMetrics } from "./elysia_metrics.ts";
export { expressMetrics, type ExpressMiddleware, type ExpressRequestLike } from "./express_metrics.ts";
export { type FastifyLike, fastifyMetrics, type FastifyPlugin } from "./fastify_metrics.ts";
export type { FrameworkMetricsOptions } from "./framework_listener.ts";
export { type KoaContextLike, koaMetrics, type KoaMiddleware } from "./koa_metrics.ts";
export { instrumentListener, type InstrumentListenerOptions } from "./instrument_listener.ts";
export type { IncomingLike, ResponseLike } from "./message.ts";
export { type NodeListener, toNodeListener } from "./to_node_listener.ts";
