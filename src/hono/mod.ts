/**
 * The middleware for Hono.
 *
 * @example Every request measured, `GET /metrics` answered
 * ```ts
 * import { Hono } from "hono";
 * import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
 *
 * const app = new Hono();
 * app.use(runtimeMetrics());
 * ```
 *
 * @module
 */

import type { HonoContextLike, HonoMiddleware, HonoRequestLike, HonoRouteLike } from "./context.ts";
import { createMonitor } from "../monitor/create_monitor.ts";
import { checkOptions, measureHono, type RuntimeMetricsOptions } from "./middleware.ts";
import type { Monitor } from "../monitor/monitor.ts";

export { unmeasured } from "./middleware.ts";
export type { HonoContextLike, HonoMiddleware, HonoRequestLike, HonoRouteLike, RuntimeMetricsOptions };

/**
 * Measures every request that passes, and answers scrapes.
 *
 * @example A monitor of one's own, on another path
 * ```ts
 * import { Hono } from "hono";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
 *
 * const monitor = createMonitor();
 * const app = new Hono();
 * app.use(runtimeMetrics(monitor, { path: "/internal/metrics" }));
 * ```
 *
 * @param monitor What measures; one is made, with its defaults, when none is given.
 * @param options Where to answer scrapes.
 * @returns The middleware, to be used before the routes that it should measure.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
export function runtimeMetrics(monitor?: Monitor, options: RuntimeMetricsOptions = {}): HonoMiddleware {
  if (monitor !== undefined) return measureHono(monitor, options);
  // A wrong option starts nothing.
  checkOptions(options);
  const own = createMonitor();
  try {
    return measureHono(own, options);
  } catch (error) {
    own.stop();
    throw error;
  }
}
