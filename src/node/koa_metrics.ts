/**
 * Koa, measured.
 *
 * @module
 */

import type { Monitor } from "../monitor/monitor.ts";
import { FrameworkListener, type FrameworkMetricsOptions } from "./framework_listener.ts";
import { KoaMounts, type KoaPlaceLike } from "./koa_mounts.ts";
import { type IncomingLike, pathOfMessage, type ResponseLike } from "./message.ts";
import { watchProperty } from "./watched_property.ts";

/** A context of Koa, as far as it is used. */
export interface KoaContextLike {
  /** Node's request. */
  readonly req: IncomingLike;
  /** Node's response. */
  readonly res: ResponseLike;
  /** False where something else answers. */
  respond?: boolean | undefined;
  /** What Koa answers with. */
  readonly body?: unknown;
}

/** A middleware of Koa 2 and 3. */
// Koa's own context is typed by each app.
// deno-lint-ignore no-explicit-any
export type KoaMiddleware = (context: any, next: () => Promise<unknown>) => Promise<unknown>;

/**
 * Measures every request that a Koa app is asked, under the template that `@koa/router` found, with its prefixes and those
 * of `koa-mount`, and answers scrapes. A request that no route matched is `none`; a file of `koa-static` is `static`; what
 * a mounted app without a router answers is its prefix with `/*` behind it.
 *
 * @example Every request measured, `GET /metrics` answered
 * ```ts ignore
 * import Koa from "koa";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { koaMetrics } from "@rtm/runtime-metrics/node";
 *
 * using monitor = createMonitor();
 * const app = new Koa();
 * app.use(koaMetrics(monitor));
 * ```
 *
 * @param monitor What measures.
 * @param options Where to answer scrapes.
 * @returns The middleware, to be used before everything that it should measure.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
export function koaMetrics(
  monitor: Pick<Monitor, "handler" | "recorder">,
  options: FrameworkMetricsOptions = {},
): KoaMiddleware {
  const listener = new FrameworkListener(monitor, "Cannot make Koa's middleware", options);
  return async function koaMetrics(context: KoaContextLike & KoaPlaceLike, next) {
    const path = pathOfMessage(context.req);
    if (listener.answers(path)) context.respond = false;
    const mounts = new KoaMounts(context, path);
    watchProperty(context, "_matchedRoute", () => {
      mounts.routed();
      // The route's handlers are called next, and a body or a middleware may have been waited for.
      listener.routed(context.req);
    });
    const route = (): string | undefined => matchedRoute(context, mounts.ofRoute);
    // A mount that found nothing has no route, as everywhere.
    const mount = (): string | undefined =>
      mounts.last && context.res.statusCode !== 404 ? `${mounts.last}/*` : undefined;
    // A stream is answered in later turns of the loop.
    const answersBehind = (): boolean => context.respond !== false && !isStream(context.body);
    await listener.listen(context.req, context.res, { route, mount }, next, answersBehind);
  };
}

/** What `@koa/router` and its ancestor leave in the context, behind the mounts around it. */
function matchedRoute({ _matchedRoute: route }: KoaPlaceLike, mounts: string): string | undefined {
  if (route === undefined) return undefined;
  return mounts + (mounts && route === "/" ? "" : String(route));
}

/** Streams of both kinds, and Koa 3's blobs and responses. */
function isStream(body: unknown): boolean {
  const { pipe, getReader, arrayBuffer } = (body ?? {}) as Record<"pipe" | "getReader" | "arrayBuffer", unknown>;
  return [pipe, getReader, arrayBuffer].some((method) => typeof method === "function");
}
