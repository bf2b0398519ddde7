/**
 * The same two names for edge runtimes: Cloudflare Workers, Deno Deploy and the like.
 *
 * What an isolate can tell is measured: requests, how they ended, how long they took, how many are in flight, and the work
 * handed to `waitUntil`. Everything else is absent. Nothing reachable from here imports prom-client, nothing runs at
 * module scope, and measuring begins with the first request.
 *
 * @example A Worker
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics/edge";
 *
 * const monitor = createMonitor();
 *
 * export default {
 *   fetch: monitor.instrument(() => new Response("hello"), { path: "/metrics" }),
 * };
 * ```
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { EdgeRequests } from "./requests.ts";
import { isolateRuntime } from "./isolate.ts";
import { contextAmong, trackedContext, type WaitUntilLike } from "./wait_until.ts";
import type { HonoContextLike, HonoMiddleware, HonoRequestLike, HonoRouteLike } from "../hono/context.ts";
import { measureHono, type RuntimeMetricsOptions } from "../hono/middleware.ts";
import { selfEntries } from "../metrics/catalog/self.ts";
import { workEntries } from "../metrics/catalog/work.ts";
import type { InstrumentOptions } from "../monitor/instrument.ts";
import { type Monitor, startMonitor } from "../monitor/monitor.ts";
import type { MonitorOptions, NativeHistogramName } from "../monitor/options.ts";
import type { EntryParts } from "../process/process_watch.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";

export { unmeasured } from "../hono/middleware.ts";
export type {
  HonoContextLike,
  HonoMiddleware,
  HonoRequestLike,
  HonoRouteLike,
  Monitor,
  MonitorOptions,
  NativeHistogramName,
  RegistryLike,
  RuntimeMetricsOptions,
  WaitUntilLike,
};

/** An isolate tells of itself and of its work; requests and calls bring what they tell. */
const isolate: EntryParts = { catalog: [...workEntries, ...selfEntries] };

/** The followers of the monitors that were made here. */
const followers = new WeakMap<object, EdgeRequests>();

/**
 * Makes a monitor for an edge runtime. It may stand at module scope: it starts no timer, and asks for no random number and
 * no time before the first request.
 *
 * Every series has a label `instance` that names the isolate, since a scrape reaches any of them; `labels: { instance }`
 * puts your own in its place.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics/edge";
 *
 * const monitor = createMonitor();
 * const fetch = monitor.instrument((_request: Request) => new Response("hello"));
 * await (await fetch(new Request("http://localhost/"))).text();
 * const page = await monitor.handler();
 * ```
 *
 * @param options What to watch, and where to register it; without a registry the families stand on our own page alone.
 * @returns The monitor.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number or a name is out of bounds.
 * @throws {Error} If a name is taken in the registry, or a monitor of the same registry has other settings.
 */
export function createMonitor(options: MonitorOptions = {}): Monitor<RegistryLike | undefined> {
  const monitor = startMonitor(options?.registry, options, isolateRuntime, isolate);
  const { instrument } = monitor;
  const follower = new EdgeRequests(monitor);
  followers.set(monitor, follower);
  return Object.assign(monitor, {
    instrument: <Handler extends object>(handler: Handler, options?: InstrumentOptions): Handler =>
      instrument(follower.followed(handler), options),
  });
}

/**
 * Measures every request that passes a Hono app on an edge runtime, and answers scrapes.
 *
 * @example Every request measured, `GET /metrics` answered
 * ```ts
 * import { Hono } from "hono";
 * import { runtimeMetrics } from "@rtm/runtime-metrics/edge";
 *
 * const app = new Hono();
 * app.use(runtimeMetrics());
 *
 * export default app;
 * ```
 *
 * @param monitor What measures; one is made, with its defaults, when none is given.
 * @param options Where to answer scrapes.
 * @returns The middleware, to be used before the routes that it should measure.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
export function runtimeMetrics(monitor?: Monitor, options: RuntimeMetricsOptions = {}): HonoMiddleware {
  const measuring = monitor === undefined ? createMonitor() : monitor;
  const measure = measureHono(measuring, options);
  const follower = followers.get(measuring) ?? new EdgeRequests(measuring);
  return function runtimeMetrics(c, next) {
    return measure(c, () => {
      follower.follow(c.req.raw, c.env, contextOf(c));
      return next();
    });
  };
}

/**
 * Tracks what a handler leaves to its edge runtime to finish, where neither {@linkcode runtimeMetrics} nor
 * `monitor.instrument` sees the context.
 *
 * @example Usage
 * ```ts
 * import { createMonitor, trackContext, type WaitUntilLike } from "@rtm/runtime-metrics/edge";
 *
 * const monitor = createMonitor();
 *
 * const answer = (_request: Request, _env: unknown, context: WaitUntilLike): Response => {
 *   const tracked = trackContext(monitor, context);
 *   tracked.waitUntil(Promise.resolve("written"));
 *   return new Response("hello");
 * };
 * ```
 *
 * @param monitor Where the work is counted as pending.
 * @param context The runtime's context, which may be frozen; it is left as it is.
 * @param kind What the work is called.
 * @default {"wait_until"}
 * @returns A context whose `waitUntil` tracks.
 * @throws {TypeError} If the context has no `waitUntil`.
 */
export function trackContext<Context extends WaitUntilLike>(
  monitor: Pick<Monitor, "track">,
  context: Context,
  kind: string = "wait_until",
): Context {
  return trackedContext(context, (promise) => void monitor.track(kind, promise));
}

/** Hono's getter throws where there is none. */
function contextOf(c: HonoContextLike): ReturnType<typeof contextAmong> {
  return asked(() => contextAmong([c.executionCtx]));
}
