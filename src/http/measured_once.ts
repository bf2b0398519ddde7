/**
 * Which requests are measured already?
 *
 * A request may pass two things that measure: a middleware on an app and another on its sub-app, or an instrumented handler
 * around an app. The first one marks an object of the request, and the others see that. A mark costs up to 0.1 µs, so none
 * is made while there is only one thing that measures.
 *
 * @module
 */

import { carrierOf, type ServerContext, serverContextOf } from "./server_context.ts";

/** What a mark can be asked and told. */
export interface Marked {
  /** Was it answered and counted? What was left out was not. */
  readonly isOver: boolean;
  /** Leaves the request out. */
  discard(): void;
  /** Notes the route that a handler within has found. */
  reroute(route: string): void;
  /** Tells the route when the answer's head is there; the one of the innermost handler is asked first. */
  findRoute?: (() => string | undefined) | undefined;
  /** Called once, when the request is in flight no more; only where a runtime has to be told. */
  onOver?: () => void;
}

/** Under these names every copy of this package finds the same. */
const current: unique symbol = Symbol.for("@rtm/runtime-metrics.exchange");
const brand = Symbol.for("@rtm/runtime-metrics.marks");

/** What every copy of this package shares. */
interface Marks {
  /** Is more than one thing measuring, so that requests are marked? */
  needed: boolean;
  /** Marks what is under way, for the one thing that measures while no marks are needed. */
  markPending: (() => void) | undefined;
}

const global = globalThis as unknown as { [key: symbol]: Marks | undefined };
const marks: Marks = global[brand] ??= { needed: false, markPending: undefined };

/**
 * Notes that something measures: a middleware, or a handler that was instrumented.
 *
 * @param markPending Marks every request that it has under way.
 */
export function beginMeasuring(markPending: () => void): void {
  if (marks.markPending) needMarks();
  else if (!marks.needed) marks.markPending = markPending;
}

/** Marks every request from now on, and those that are under way. */
export function needMarks(): void {
  if (marks.needed) return;
  marks.needed = true;
  marks.markPending?.();
  marks.markPending = undefined;
}

/**
 * Marks a request as measured.
 *
 * @param request The request.
 * @param server What the server passed beside it.
 * @param exchange What measures it.
 */
export function mark(request: Request, server: ServerContext | undefined, exchange: Marked): void {
  if (marks.needed) (carrierOf(request, server) as { [current]?: Marked })[current] = exchange;
}

/**
 * Tells whether a request is measured already.
 *
 * @param request The request.
 * @param server What the server passed beside it.
 * @returns What measures it.
 */
export function markOf(request: Request, server: unknown): Marked | undefined {
  if (!marks.needed) return undefined;
  const carrier = carrierOf(request, serverContextOf(request, server)) as { readonly [current]?: Marked };
  const exchange = carrier[current];
  // One and the same `Request` may be handled twice, one time after the other. What a server made for one request may not,
  // though that can be over before its handlers are: its client has left.
  return exchange?.isOver && carrier === request ? undefined : exchange;
}

/** Lets a measured handler or listener tell the route of a request when its answer is there, as far as it knows it then. */
export function tellsRoute(exchange: Marked, find: () => string | undefined): void {
  const outer = exchange.findRoute;
  exchange.findRoute = outer ? () => find() ?? outer() : find;
}
