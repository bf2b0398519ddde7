/**
 * Elysia, measured.
 *
 * @module
 */

import type { Monitor } from "../monitor/monitor.ts";
import { expectMountedApps } from "../http/measured_once.ts";
import { asksForUpgrade } from "../http/server_context.ts";
import { checkFramework, type FrameworkMetricsOptions } from "./framework_listener.ts";

/** What Elysia passes to its hooks, as far as it is used. */
interface ElysiaContextLike {
  readonly request: Request;
  readonly route?: string | undefined;
}

/** An app of Elysia 1.4, as far as it is used; its own types are generic over all that was added to it. */
export interface ElysiaLike {
  /** Bun's server, once the app listens. */
  // deno-lint-ignore no-explicit-any
  readonly server: any;
  /** How the app was made. */
  // deno-lint-ignore no-explicit-any
  readonly config?: any;
  /** Stands around the app's handler of requests. */
  // deno-lint-ignore no-explicit-any
  wrap(around: (handler: any) => any): any;
  /** Runs when a route is found, also one of the apps that use this one. */
  // deno-lint-ignore no-explicit-any
  onTransform(options: { as: "global" }, hook: (context: any) => void): any;
  /** Runs when something is thrown. */
  // deno-lint-ignore no-explicit-any
  onError(options: { as: "global" }, hook: (context: any) => void): any;
}

/** A plugin has no server but that of the app that uses it; its own types keep to itself how to ask. */
interface PluginLike {
  getServer?(): BunServerLike | null;
}

type ElysiaHandler = (request: Request) => Response | Promise<Response>;

interface BunServerLike {
  requestIP?(request: Request): unknown;
}

/** Does an app use it already? */
let isUsed = false;

/**
 * Measures every request that an Elysia app is asked, under the template of its route, prefixes included, and answers
 * scrapes: with `.listen()` on Bun, with `@elysiajs/node`, and by `app.handle()`. A request that no route matched is `none`.
 *
 * @example Every request measured, `GET /metrics` answered
 * ```ts ignore
 * import { Elysia } from "elysia";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { elysiaMetrics } from "@rtm/runtime-metrics/node";
 *
 * const monitor = createMonitor();
 * new Elysia()
 *   .use(elysiaMetrics(monitor))
 *   .get("/users/:id", ({ params }) => params.id)
 *   .listen(3000);
 * ```
 *
 * @param monitor What measures.
 * @param options Where to answer scrapes.
 * @returns The plugin, to be used before the routes that it should measure, by the app itself or by a plugin of it. It throws
 *   where the app was made with `aot: false`: such an app asks nothing that stands around its handler.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
export function elysiaMetrics(
  monitor: Pick<Monitor, "instrument">,
  options: FrameworkMetricsOptions = {},
): <App extends ElysiaLike>(app: App) => App {
  const path = checkFramework("Cannot make Elysia's plugin", monitor, "instrument", options);
  const routes = new WeakMap<Request, string>();
  const measured = monitor.instrument(
    (request: Request, server: BunServerLike | null, handler: ElysiaHandler) =>
      asksForUpgrade(request) ? upgraded(request, server, handler) : handler(request),
    { ...(path && { path }), route: (request) => routes.get(request) },
  );
  // Elysia reads in the text of a hook what it has to prepare for it.
  const note = ({ request, route }: ElysiaContextLike): void => {
    if (route) routes.set(request, route);
  };
  return (app) => {
    if (app.config?.aot === false) {
      throw new TypeError(
        "Cannot measure Elysia: an app with aot: false calls no wrap(); instrument its fetch instead",
      );
    }
    // One app may be mounted in another, which makes the request anew.
    if (isUsed) expectMountedApps();
    isUsed = true;
    const server = (): BunServerLike | null => (app as PluginLike).getServer?.() ?? app.server;
    app.wrap((handler) => (request: Request) => measured(request, server(), handler));
    app.onTransform({ as: "global" }, note);
    // What cannot be parsed never comes to a transformation.
    app.onError({ as: "global" }, note);
    return app;
  };
}

/** Elysia answers an empty text to a WebSocket, which Bun, that has forgotten its address by then, leaves unread. */
async function upgraded(request: Request, server: BunServerLike | null, handler: ElysiaHandler): Promise<Response> {
  const response = await handler(request);
  return server?.requestIP?.(request) === null ? undefined as never : response;
}
