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
import { exchangeOf } from "./http/exchange.ts";
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
  let recorder: Monitor["recorder"];
  try {
    // Its families begin here: a name that is the app's own is an error now, not at every request.
    recorder = measuring.recorder;
  } catch (error) {
    if (!monitor) measuring.stop();
    throw error;
  }
  return async function runtimeMetrics(c, next) {
    if (c.req.path === path) return measuring.handler(c);
    if (!recorder) return await next();
    const { raw } = c.req;
    const matched = c.req.matchedRoutes;
    // An outer app's middleware, or an instrumented handler around this app, counts the request.
    const outer = exchangeOf(raw, c.env);
    if (outer) {
      try {
        return await next();
      } finally {
        // A handler around this app cannot know the route; an outer app's middleware puts its own in its place.
        outer.route ??= answeringRoute(c, matched) ?? expectedRoute(matched);
      }
    }
    const exchange = recorder.begin(raw, expectedRoute(matched), c.env, recorder.needsPath ? c.req.path : undefined);
    if (!exchange) return await next();
    try {
      await next();
    } catch (error) {
      // Hono answers an Error itself; what else is thrown passes through every handler, and the server answers 500.
      exchange.end(500, answeringRoute(c, matched));
      throw error;
    }
    const route = answeringRoute(c, matched);
    // A handler that answers nothing is an error to Hono. Reading `c.res` before there is one would make an empty 200.
    if (!c.finalized) return exchange.end(500, route);
    const response = c.res;
    const sent = exchange.answer(response, route);
    if (sent === response) return;
    // Without the first line Hono would copy every header once more.
    c.res = undefined;
    c.res = sent;
  };
}

/**
 * Leaves a route's requests out of the metrics.
 *
 * @example A health check that is not measured
 * ```ts
 * import { Hono } from "hono";
 * import { runtimeMetrics, unmeasured } from "@rtm/runtime-metrics/hono";
 *
 * const app = new Hono();
 * app.use(runtimeMetrics());
 * app.get("/health", unmeasured, (c) => c.text("ok"));
 * ```
 *
 * @param c The context.
 * @param next The handlers behind it.
 */
export const unmeasured: MiddlewareHandler = async function unmeasured(c, next) {
  exchangeOf(c.req.raw, c.env)?.discard();
  await next();
};

type Matched = Context["req"]["matchedRoutes"];
type RouteRecord = Matched[number];

/** What a registered handler answers for, found once: its template, or nothing where it is a middleware. */
const templates = new WeakMap<RouteRecord, { readonly route: string | undefined }>();

/** The template of the last route that matched; who answers is known only behind the handlers. */
function expectedRoute(matched: Matched): string {
  for (let i = matched.length - 1; i >= 0; i--) {
    const route = templateOf(matched[i]!);
    if (route !== undefined) return route;
  }
  return unmatchedRoute;
}

/** The template of the route that did answer; undefined where a middleware did, and the expected one stands. */
function answeringRoute(c: Context, matched: Matched): string | undefined {
  const record = matched[c.req.routeIndex];
  return record && templateOf(record);
}

function templateOf(record: RouteRecord): string | undefined {
  let known = templates.get(record);
  if (!known) templates.set(record, known = { route: isMiddleware(record) ? undefined : record.path });
  return known.route;
}

/**
 * `use()` registers for all methods, as `all()` and `mount()` do. A handler for all methods on a wildcard is a middleware
 * if it takes `next`, save for the one that `mount()` makes, which bears the name "handler". A sub-app with an error
 * handler of its own wraps what it registers and keeps the original beside.
 */
function isMiddleware({ method, path, handler }: RouteRecord): boolean {
  if (method !== "ALL" || !path.includes("*")) return false;
  const original = (handler as { __COMPOSED_HANDLER?: typeof handler }).__COMPOSED_HANDLER ?? handler;
  return original.length > 1 && !(original.name === "handler" && path.endsWith("/*"));
}
