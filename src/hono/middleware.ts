/**
 * The middleware for Hono, for whatever monitor measures.
 *
 * @module
 */

import { checkTable, type OptionTable, refuser } from "../check.ts";
import type { HonoContextLike, HonoMiddleware, HonoRequestLike } from "./context.ts";
import { HonoRoutes, matchesOf } from "./routes.ts";
import { expectMountedApps, markOf, needMarks, runMounted } from "../http/measured_once.ts";
import { readStatus } from "../http/answer.ts";
import { checkMonitor, middlewarePath } from "../http/door_options.ts";
import { isSentTo, methodOf } from "../http/request.ts";
import type { Monitor } from "../monitor/monitor.ts";

/** Options of `runtimeMetrics`. */
export interface RuntimeMetricsOptions {
  /**
   * The whole path on which scrapes are answered; `false` to answer them nowhere. It is public unless something before
   * the middleware guards it.
   *
   * @default {"/metrics"}
   */
  path?: string | false;
}

/** What each option may be, and its default. */
export const middlewareOptions: OptionTable<RuntimeMetricsOptions> = { path: middlewarePath };

const refuse = refuser("Cannot make the middleware");

export function checkOptions(options: RuntimeMetricsOptions): Required<RuntimeMetricsOptions> {
  return checkTable(refuse, options, middlewareOptions) as Required<RuntimeMetricsOptions>;
}

/**
 * Makes the middleware.
 *
 * @param monitor What measures.
 * @param options Where to answer scrapes.
 * @returns The middleware.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
export function measureHono(monitor: Monitor, options: RuntimeMetricsOptions): HonoMiddleware {
  checkMonitor(refuse, monitor, "handler");
  const { path } = checkOptions(options);
  const isScrape = (req: HonoRequestLike): boolean => req.path === path && isSentTo(path, req.raw);
  // Its families begin here: a name that is the app's own is an error now, not at every request.
  const { recorder } = monitor;
  if (!recorder) {
    return function runtimeMetrics(c, next) {
      return isScrape(c.req) ? monitor.handler(c) : passed(next());
    };
  }
  const routes = new HonoRoutes(recorder);
  recorder.join();
  expectMountedApps();
  let own: unknown;
  // Not `async`: one more promise for each request would cost as much as a metric.
  return function runtimeMetrics(c, next) {
    const { req } = c;
    if (isScrape(req)) {
      // What is around this one may answer scrapes elsewhere, and measures this.
      markOf(req.raw, c.env, c)?.discard();
      return monitor.handler(c);
    }
    const matches = matchesOf(req);
    // Used in a second place, such as a sub-app, it may come twice to one request.
    const place = matches[req.routeIndex]?.[0][1];
    if (place !== own) {
      if (own) needMarks();
      else own = place;
    }
    const { raw } = req;
    const expected = routes.expected(matches);
    // An outer app's middleware, or an instrumented handler around this app, counts the request.
    const outer = markOf(raw, c.env, c);
    if (outer) {
      // A handler around this app cannot know the route; an outer app's middleware puts its own in its place.
      return passed(
        (expected.mounts ? runMounted(outer, c, next) : next()).finally(() => {
          outer.reroute(routes.answering(matches, req.routeIndex, expected, statusOf(c)) ?? expected.route!);
        }),
      );
    }
    const exchange = recorder.open(
      routes.series(expected, methodOf(raw)),
      raw,
      c.env,
      expected.record !== undefined,
      recorder.needsPath ? req.path : undefined,
    );
    if (!exchange) return passed(next());
    const { blame } = recorder;
    const outerHolder = blame?.enter(exchange, exchange.beganAt);
    let handled: Promise<void>;
    try {
      handled = expected.mounts ? runMounted(exchange, c, next) : next();
    } finally {
      blame?.leave(outerHolder, recorder.now());
    }
    return handled.then(() => {
      const at = exchange.settled();
      const status = statusOf(c);
      const route = routes.answering(matches, req.routeIndex, expected, status);
      // A handler that answers nothing is an error to Hono.
      if (status === undefined) return exchange.end(500, route, at);
      const response = c.res;
      const sent = exchange.answer(response, route, false, at);
      if (sent === response) return;
      // Without the first line Hono would copy every header once more.
      c.res = undefined;
      c.res = sent;
    }, (error: unknown) => {
      const at = exchange.settled();
      // Hono answers an Error itself; what else is thrown passes through every handler, and the server answers 500.
      exchange.end(500, routes.answering(matches, req.routeIndex, expected), at);
      throw error;
    });
  };
}

/** What was answered so far, undefined where nothing was; reading `c.res` before there is one would make an empty 200. */
function statusOf(c: HonoContextLike): number | undefined {
  // A middleware that answers with what `next()` told makes Hono take its context for the response.
  return c.finalized ? readStatus(c.res) : undefined;
}

/** To Hono what a middleware answers is the response, and where no handler has one, `next()` tells the context. */
function passed(next: Promise<void>): Promise<void> {
  return next.then(() => {});
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
export const unmeasured: HonoMiddleware = async function unmeasured(c, next) {
  needMarks();
  markOf(c.req.raw, c.env)?.discard();
  await next();
};
