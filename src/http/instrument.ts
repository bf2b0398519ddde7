/**
 * Fetch handlers, measured.
 *
 * @module
 */

import type { ScrapeRequest } from "../exposition/handler.ts";
import { Delivery } from "./delivery.ts";
import { type Recorder, unmatchedRoute } from "./recorder.ts";

/** Options of `monitor.instrument`. */
export interface InstrumentOptions {
  /**
   * The path on which scrapes are answered as well, such as `/metrics`; those are not measured.
   *
   * @default {undefined} Nowhere: a page of metrics is public only where that was asked for.
   */
  path?: string;
}

/** A fetch handler, whatever its runtime passes beside the request. */
type FetchHandler = (request: Request, ...rest: unknown[]) => Response | Promise<Response>;

/**
 * Measures a fetch handler, or every handler of Bun's `routes`.
 *
 * @param recorder Where to count; undefined to pass everything through.
 * @param page Answers scrapes.
 * @param target The handler or the routes.
 * @param options Where to answer scrapes.
 * @returns The same, measured.
 * @throws {TypeError} If the target or an option is of the wrong kind.
 */
export function instrument<Target extends object>(
  recorder: Recorder | undefined,
  page: (request?: ScrapeRequest) => Promise<Response>,
  target: Target,
  options: InstrumentOptions,
): Target {
  const { path } = options;
  if (path !== undefined && (typeof path !== "string" || !path.startsWith("/"))) {
    throw new TypeError(`Cannot instrument: path must be a string that begins with "/", got ${JSON.stringify(path)}`);
  }
  if (typeof target === "function") {
    const measured = recorder ? measure(recorder, target as FetchHandler, unmatchedRoute) : target as FetchHandler;
    return (path === undefined ? measured : answerScrapes(measured, page, path)) as unknown as Target;
  }
  if (typeof target !== "object" || target === null) {
    throw new TypeError(`Cannot instrument: expected a fetch handler or an object of routes, got ${typeof target}`);
  }
  const routes = Object.entries(target).map(([route, handlers]) => [
    route,
    recorder ? measureRoute(recorder, handlers, route) : handlers,
  ]);
  if (path !== undefined) routes.push([path, (request: Request) => page(request)]);
  return Object.fromEntries(routes) as Target;
}

/** Everything that Bun takes under a route: a handler, handlers by method, a ready response, or what is not ours. */
function measureRoute(recorder: Recorder, handlers: unknown, route: string): unknown {
  if (typeof handlers === "function") return measure(recorder, handlers as FetchHandler, route);
  if (handlers instanceof Response) return measure(recorder, () => handlers.clone(), route);
  if (Object.getPrototypeOf(handlers ?? 0) !== Object.prototype) return handlers;
  return Object.fromEntries(
    Object.entries(handlers as object).map(([method, handler]) => [method, measureRoute(recorder, handler, route)]),
  );
}

function measure(recorder: Recorder, handler: FetchHandler, route: string): FetchHandler {
  return function measured(this: unknown, request, ...rest) {
    const delivery = new Delivery(recorder.begin(request.method, route), rest[0]);
    const finish = (response: Response): Response => {
      // Bun's handlers answer nothing when they have upgraded the connection to a WebSocket.
      if (response === undefined) delivery.end(101);
      else return delivery.answer(response);
      return response;
    };
    const fail = (error: unknown): never => {
      delivery.end(500);
      throw error;
    };
    let answer: Response | Promise<Response>;
    try {
      answer = handler.call(this, request, ...rest);
    } catch (error) {
      return fail(error);
    }
    return answer instanceof Promise ? answer.then(finish, fail) : finish(answer);
  };
}

function answerScrapes(
  handler: FetchHandler,
  page: (request?: ScrapeRequest) => Promise<Response>,
  path: string,
): FetchHandler {
  return function scraped(this: unknown, request, ...rest) {
    // Reading a URL is dear, and almost no request is a scrape: a look at the text comes first.
    if (request.url.includes(path) && new URL(request.url).pathname === path) return page(request);
    return handler.call(this, request, ...rest);
  };
}
