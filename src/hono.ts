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

import type { Context, MiddlewareHandler } from "hono";
import { createMonitor } from "./create_monitor.ts";
import { Delivery } from "./http/delivery.ts";
import { unmatchedRoute } from "./http/recorder.ts";
import type { Monitor } from "./monitor.ts";

/** Options of {@linkcode runtimeMetrics}. */
export interface RuntimeMetricsOptions {
  /**
   * The whole path on which scrapes are answered; `false` to answer them nowhere. It is public unless something before
   * the middleware guards it.
   *
   * @default {"/metrics"}
   */
  path?: string | false;
}

/** Marks a context whose request is measured already: by this middleware on an outer app, or by another copy of it. */
const measured = Symbol.for("@rtm/runtime-metrics.measured");

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
 * @throws {TypeError} If `path` is neither `false` nor a string that begins with `/`.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
export function runtimeMetrics(
  monitor?: Monitor,
  options: RuntimeMetricsOptions = {},
): MiddlewareHandler {
  const { path = "/metrics" } = options;
  if (path !== false && (typeof path !== "string" || !path.startsWith("/"))) {
    throw new TypeError(
      `Cannot make the middleware: path must be false or a string that begins with "/", got ${JSON.stringify(path)}`,
    );
  }
  const measuring = monitor ?? createMonitor();
  try {
    // Its families begin here: a name that is the app's own is an error now, not at every request.
    void measuring.recorder;
  } catch (error) {
    if (!monitor) measuring.stop();
    throw error;
  }
  return async function runtimeMetrics(c, next) {
    if (c.req.path === path) return measuring.handler(c);
    const { recorder } = measuring;
    const marked = c as unknown as { [measured]?: true };
    if (!recorder || marked[measured]) return await next();
    marked[measured] = true;
    const delivery = new Delivery(recorder.begin(c.req.method, matchedRoute(c)), c.env);
    try {
      await next();
    } catch (error) {
      // Hono answers an Error itself; what else is thrown passes through every handler, and the server answers 500.
      delivery.end(500);
      throw error;
    }
    // Reading `c.res` before there is one would make an empty 200.
    if (!c.finalized) return delivery.end(404);
    const response = c.res;
    // Hono answers HEAD as GET and drops the body, so that nobody would ever tell its end.
    if (c.req.method === "HEAD") return delivery.end(response.status);
    const sent = delivery.answer(response);
    if (sent !== response) c.res = sent;
  };
}

/** The template of the last route that matched: `use()` on a wildcard is a middleware, not a route. */
function matchedRoute(c: Context): string {
  const matched = c.req.matchedRoutes;
  for (let i = matched.length - 1; i >= 0; i--) {
    const { method, path } = matched[i]!;
    if (method !== "ALL" || !path.includes("*")) return path;
  }
  return unmatchedRoute;
}
