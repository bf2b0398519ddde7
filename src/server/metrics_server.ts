/**
 * The page alone on a port of its own.
 *
 * @module
 */

import { monitorWith, pagePath } from "../http/door_options.ts";
import { pathOf, writtenPath } from "../http/request.ts";
import { checkTable, type OptionTable, refuser, text, whole } from "../check.ts";
import { createMonitor } from "../monitor/create_monitor.ts";
import type { Monitor } from "../monitor/monitor.ts";
import { toNodeListener } from "../node/to_node_listener.ts";
import { type Listening, serve } from "../runtime/servers.ts";
import type { GlobalLike } from "../runtime/shim.ts";

/** Options of {@linkcode createMetricsServer}. */
export interface MetricsServerOptions {
  /**
   * Whose page is served; one is made, with its defaults, when none is given.
   *
   * @default {createMonitor()}
   */
  monitor?: Monitor;
  /**
   * The port, a whole number from 0 to 65,535; 0 for one of the system's choice.
   *
   * @default {9464} What OpenTelemetry's exporter for Prometheus listens on.
   */
  port?: number;
  /**
   * The address to listen on.
   *
   * @default {"127.0.0.1"} This machine alone reaches it; `0.0.0.0` is every one that reaches this machine.
   */
  host?: string;
  /**
   * The path of the page; every other is 404.
   *
   * @default {"/metrics"}
   */
  path?: string;
}

/** What each option may be, and its default. */
export const metricsServerOptions: OptionTable<MetricsServerOptions> = {
  monitor: monitorWith("handler"),
  port: { default: 9464, ...whole(0, 65_535) },
  host: { default: "127.0.0.1", ...text("an address", (value) => value !== "") },
  path: { default: "/metrics", ...pagePath },
};

/** A server of the page. */
export interface MetricsServer extends AsyncDisposable {
  /** The page's whole address. */
  readonly url: string;
  /** The port that it listens on, also where 0 was asked for. */
  readonly port: number;
  /** Ends it, and the monitor as well where it was made here. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Serves the page alone on a port of its own, so that it need not be where the app's users are. The server never keeps the
 * process alive.
 *
 * @example The page beside an app
 * ```ts
 * import { createMetricsServer, createMonitor } from "@rtm/runtime-metrics";
 *
 * const monitor = createMonitor();
 * const server = await createMetricsServer({ monitor, port: 0 });
 * console.log(`The page is on ${server.url}`);
 * await server.stop();
 * monitor.stop();
 * ```
 *
 * @param options Whose page, and where.
 * @returns The server, once it listens.
 * @throws {TypeError} If an option is of the wrong kind.
 * @throws {RangeError} If the port is no port.
 * @throws {Error} If the port is taken, or this runtime has no server.
 */
export async function createMetricsServer(options: MetricsServerOptions = {}): Promise<MetricsServer> {
  const { port, host, path: given } = checkTable(
    refuser("Cannot start metrics server"),
    options,
    metricsServerOptions,
  ) as Required<MetricsServerOptions>;
  const path = writtenPath(given);
  const monitor = options.monitor ?? createMonitor();
  const handler = (request: Request, platform: unknown): Promise<Response> =>
    pathOf(request) === path ? monitor.handler(request, platform) : Promise.resolve(notFound());
  let listening: Listening;
  try {
    listening = await serve(globalThis as unknown as GlobalLike, { port, host }, handler, toNodeListener);
  } catch (error) {
    if (!options.monitor) monitor.stop();
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot start metrics server on ${host}, port ${port}: ${why}`, { cause: error });
  }
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    if (!stopped && !options.monitor) monitor.stop();
    return stopped ??= listening.stop();
  };
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name}:${listening.port}${path}`,
    port: listening.port,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function notFound(): Response {
  return new Response("Not Found\n", { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } });
}
