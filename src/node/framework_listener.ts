/**
 * What measures the requests of a framework on Node's servers.
 *
 * @module
 */

import type { Monitor } from "../monitor/monitor.ts";
import { instrumentListener } from "./instrument_listener.ts";
import type { IncomingLike, ResponseLike } from "./message.ts";

/** Options of {@linkcode expressMetrics}, {@linkcode fastifyMetrics} and {@linkcode koaMetrics}. */
export interface FrameworkMetricsOptions {
  /**
   * The whole path on which scrapes are answered; `false` to answer them nowhere. It is public unless something before
   * the middleware guards it.
   *
   * @default {"/metrics"}
   */
  path?: string | false;
}

/** The route of a file that no route of the app's has answered. */
const staticRoute = "static";

/** Measures requests whose routes a framework finds later. */
export class FrameworkListener {
  readonly #routes = new WeakMap<object, () => string | undefined>();
  readonly #measured: (this: () => unknown, incoming: IncomingLike, outgoing: ResponseLike) => unknown;
  readonly #path: string | undefined;

  constructor(
    monitor: Pick<Monitor, "handler" | "recorder">,
    action: string,
    options: FrameworkMetricsOptions,
  ) {
    const { path = "/metrics" } = options;
    if (path !== false && (typeof path !== "string" || !path.startsWith("/"))) {
      throw new TypeError(
        `${action}: path must be false or a string that begins with "/", got ${JSON.stringify(path)}`,
      );
    }
    this.#path = path === false ? undefined : path;
    this.#measured = instrumentListener(monitor, function (this: () => unknown) {
      return this();
    } as never, {
      ...(path === false ? {} : { path }),
      route: (incoming: IncomingLike) => this.#routes.get(incoming)?.(),
    }) as never;
  }

  /** Is a path that of the page? */
  answers(path: string): boolean {
    return path === this.#path;
  }

  /** Measures a request, or answers a scrape; what runs the app is called for all but scrapes. */
  listen(
    incoming: IncomingLike,
    outgoing: ResponseLike,
    route: () => string | undefined,
    run: () => unknown,
  ): unknown {
    this.#routes.set(incoming, () => route() ?? (isFile(outgoing) ? staticRoute : undefined));
    return this.#measured.call(run, incoming, outgoing);
  }
}

/** Every server of files tells when a file was changed; where no route answered, hardly anything else does. */
function isFile(outgoing: ResponseLike): boolean {
  return outgoing.statusCode < 400 && outgoing.getHeader("last-modified") !== undefined;
}
