/**
 * Express, measured.
 *
 * @module
 */

import { isObject } from "../check.ts";
import type { Monitor } from "../monitor/monitor.ts";
import { type ExpressAppLike, type ExpressPlace, type ExpressRouteLike, ExpressRoutes } from "./express_routes.ts";
import { FrameworkListener, type FrameworkMetricsOptions } from "./framework_listener.ts";
import type { IncomingLike, ResponseLike } from "./message.ts";
import { watchProperty } from "./watched_property.ts";

/** A request of Express, as far as it is used. */
export interface ExpressRequestLike extends IncomingLike {
  /** The app whose router has the request just now. */
  readonly app?: unknown;
  /** What mounts have taken of the path so far. */
  readonly baseUrl?: string | undefined;
}

/** A middleware of Express 4 and 5. */
export type ExpressMiddleware = (request: ExpressRequestLike, response: ResponseLike, next: () => void) => void;

/**
 * Measures every request that an Express app is asked, under its route's template, mounts included, and answers scrapes.
 * A request that no route matched is `none`; a file of `express.static()` is `static`; what a middleware behind a path
 * answers by itself is that path with `/*` behind it.
 *
 * @example Every request measured, `GET /metrics` answered
 * ```ts
 * import express from "express";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { expressMetrics } from "@rtm/runtime-metrics/node";
 *
 * using monitor = createMonitor();
 * const app = express();
 * app.use(expressMetrics(monitor));
 * app.get("/users/:id", (request, response) => void response.send(request.params.id));
 * ```
 *
 * @param monitor What measures.
 * @param options Where to answer scrapes.
 * @returns The middleware, to be used before everything that it should measure.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
export function expressMetrics(
  monitor: Pick<Monitor, "handler" | "recorder">,
  options: FrameworkMetricsOptions = {},
): ExpressMiddleware {
  const routes = new ExpressRoutes();
  const listener = new FrameworkListener(monitor, "Cannot make Express' middleware", options);
  return function expressMetrics(request, response, next) {
    const { app: root = {} } = request;
    let [template, isAsked, takesAll]: [string | undefined, boolean, boolean] = [undefined, false, false];
    const place = (): ExpressPlace => ({
      app: (request.app ?? root) as ExpressAppLike,
      root: root as ExpressAppLike,
      baseUrl: request.baseUrl ?? "",
      url: request.url ?? "/",
    });
    // Express takes mounts and sub-apps back before it answers an error, so the moment when it sets the route counts.
    watchProperty(request, "route", (route) => {
      if (!isRoute(route)) return;
      try {
        template = routes.templateOf(route, place());
        takesAll = isCatchAll(route);
      } catch {
        monitor.recorder?.failed();
      }
      // Its handlers are called next, and a body or a middleware may have been waited for.
      listener.routed(request);
    });
    // What a middleware that is mounted answers by itself, such as a proxy, has no route; one that finds nothing has none.
    const mount = () => isAsked && response.statusCode !== 404 ? routes.mountOf(place()) : undefined;
    // Nor has what takes every path: it stands there for what nothing else took, as NestJS 12 makes one below a prefix.
    const route = () => takesAll && response.statusCode === 404 ? undefined : template;
    listener.listen(request, response, { route, mount }, () => {
      isAsked = true;
      next();
    });
  };
}

function isRoute(value: unknown): value is ExpressRouteLike {
  return isObject(value) && "path" in value;
}

/** Does a route take every path that comes to its router? */
function isCatchAll({ path }: ExpressRouteLike): boolean {
  return typeof path === "string" && /^\/?(?:\*\w*|\{\/?\*\w+\})$/.test(path);
}
