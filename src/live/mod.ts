/**
 * A page for people: what is wrong with a running process now, and what its numbers have done in the last minutes.
 *
 * @example Usage
 * ```ts
 * import { Hono } from "hono";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { livePage } from "@rtm/runtime-metrics/live";
 *
 * using monitor = createMonitor();
 * using live = livePage(monitor);
 * const app = new Hono();
 * app.get("/live", live.handler);
 * ```
 *
 * @module
 */

export { type LivePage, livePage } from "./live_page.ts";
export type { LiveFrame, LivePageOptions, LiveStall, LiveStalls } from "./options.ts";
