/**
 * Fastify, measured.
 *
 * @module
 */

import type { Monitor } from "../monitor/monitor.ts";
import { FrameworkListener, type FrameworkMetricsOptions } from "./framework_listener.ts";
import { type IncomingLike, pathOfMessage, type ResponseLike } from "./message.ts";

/** A request of Fastify 4.10 and newer, as far as it is used. */
interface FastifyRequestLike {
  readonly raw: IncomingLike;
  readonly routeOptions?: { readonly url?: string | undefined } | undefined;
}

interface FastifyReplyLike {
  readonly raw: ResponseLike;
  hijack(): unknown;
}

/** An instance of Fastify, as far as it is used. */
export interface FastifyLike {
  /** Node's server, or one that the app made. */
  // deno-lint-ignore no-explicit-any -- Fastify's own types are generic over its servers
  readonly server?: any;
  /** Adds a hook that runs when a request comes. */
  addHook(
    name: "onRequest",
    // Fastify's own types are generic over its servers.
    // deno-lint-ignore no-explicit-any
    hook: (request: any, reply: any, done: (error?: Error) => void) => void,
  ): unknown;
  /** Adds a hook that runs right before the handler, but for later hooks of the kind. */
  addHook(
    name: "preHandler",
    // deno-lint-ignore no-explicit-any
    hook: (request: any, reply: any, done: (error?: Error) => void) => void,
  ): unknown;
}

/** A plugin of Fastify. */
export type FastifyPlugin = (instance: FastifyLike, options: unknown, done: (error?: Error) => void) => void;

/**
 * Measures every request that a Fastify app is asked, also by `inject()`, under the `url` of its route, and answers scrapes.
 * A request that no route matched is `none`.
 *
 * @example Every request measured, `GET /metrics` answered
 * ```ts
 * import Fastify from "fastify";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { fastifyMetrics } from "@rtm/runtime-metrics/node";
 *
 * using monitor = createMonitor();
 * const app = Fastify();
 * app.register(fastifyMetrics(monitor));
 * app.get("/users/:id", (request) => request.params);
 * ```
 *
 * @param monitor What measures.
 * @param options Where to answer scrapes.
 * @returns The plugin. It holds for the whole instance that it is registered with, not for a context of its own; within
 *   another plugin, for the routes of that one.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
export function fastifyMetrics(
  monitor: Pick<Monitor, "handler" | "recorder">,
  options: FrameworkMetricsOptions = {},
): FastifyPlugin {
  const listener = new FrameworkListener(monitor, "Cannot make Fastify's plugin", options);
  /** What is measured: by Node's message, what Fastify made of it, once that has come to our hook. */
  const requests = new WeakMap<object, FastifyRequestLike | undefined>();
  const plugin: FastifyPlugin = (instance, _options, done) => {
    // What cannot be decoded, or is answered by an earlier hook, never comes to ours, and what such a hook waits for comes later.
    // Contexts within inherit the app's server, and what other contexts answer is not for a plugin of theirs.
    const server = Object.hasOwn(instance, "server") ? instance.server : undefined;
    server?.on?.("request", (incoming: IncomingLike, outgoing: ResponseLike) => {
      if (requests.has(incoming) || listener.answers(pathOfMessage(incoming))) return;
      requests.set(incoming, undefined);
      listener.listen(incoming, outgoing, { route: () => requests.get(incoming)?.routeOptions?.url }, () => {});
    });
    instance.addHook("onRequest", (request: FastifyRequestLike, reply: FastifyReplyLike, next) => {
      const isMeasured = requests.has(request.raw);
      requests.set(request.raw, request);
      if (isMeasured) return next();
      // Fastify sends nothing of its own for what is answered past it.
      if (listener.answers(pathOfMessage(request.raw))) reply.hijack();
      listener.listen(request.raw, reply.raw, { route: () => request.routeOptions?.url }, () => next());
    });
    // A body, or a hook before this one, may have been waited for.
    instance.addHook("preHandler", ({ raw }: FastifyRequestLike, _reply, next) => listener.runRouted(raw, next));
    done();
  };
  // As `fastify-plugin` marks it: hooks of a plugin without this hold for its own context alone.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "runtime-metrics",
  });
}
