/**
 * Requests on an edge runtime: measured to their end, which the runtime has to be told to wait for.
 *
 * @module
 */

import { type Marked, needMarks, ownMarkOf } from "../http/measured_once.ts";
import type { Monitor } from "../monitor/monitor.ts";
import { asked } from "../runtime/asked.ts";
import { contextAmong, trackWaitUntil, type WaitUntilLike } from "./wait_until.ts";

/** What `monitor.track` calls the work that was handed to `waitUntil`. */
const waitUntilKind = "wait_until";

/**
 * How many requests one isolate keeps in flight. A request that the platform ends midway never tells its end, so the
 * oldest gives way, uncounted.
 */
const mostInFlight = 10_000;

type Handler = (this: unknown, request: Request, ...rest: unknown[]) => Response | Promise<Response>;

export class EdgeRequests {
  readonly #monitor: Monitor;
  readonly #inFlight = new Set<Marked>();

  constructor(monitor: Monitor) {
    this.#monitor = monitor;
    // A request is found again by its mark.
    needMarks();
  }

  /** Makes a fetch handler whose requests are followed; Bun's routes, which get no context, are what they are. */
  followed<Target extends object>(target: Target): Target {
    if (typeof target !== "function") return target;
    const handler = target as unknown as Handler;
    const follow = (request: Request, rest: readonly unknown[]): void =>
      this.follow(request, rest[0], contextAmong(rest));
    const followed: Handler = function (this: unknown, request, ...rest) {
      follow(request, rest);
      return handler.call(this, request, ...rest);
    };
    return followed as unknown as Target;
  }

  /**
   * Sees to it that the end of a request is told: the runtime ends everything of a request whose client has left, and
   * calls no `cancel`, unless it has been told to wait.
   */
  follow(request: Request, platform: unknown, context: WaitUntilLike | undefined): void {
    if (!context) return;
    const waitUntil = trackWaitUntil(context, (promise) => this.#monitor.track(waitUntilKind, promise));
    const exchange = ownMarkOf(request, platform);
    if (!exchange || this.#inFlight.has(exchange)) return;
    this.#inFlight.add(exchange);
    if (this.#inFlight.size > mostInFlight) this.#inFlight.values().next().value!.discard();
    const isOver = new Promise<void>((resolve) => {
      exchange.onOver = () => {
        this.#inFlight.delete(exchange);
        resolve();
      };
    });
    // A context may wait for nothing, such as a test's own.
    asked(() => waitUntil(isOver));
  }
}
