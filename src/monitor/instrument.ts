/**
 * Fetch handlers, measured.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { checkTable, isObject, type OptionTable, refuser } from "../check.ts";
import type { PageHandler } from "../page/handler.ts";
import { readStatus } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { pagePath, routeKind } from "../http/door_options.ts";
import type { Recorder } from "../http/recorder.ts";
import { markOf, runAround, tellsRoute } from "../http/measured_once.ts";
import { unmatchedRoute } from "../http/route_series.ts";
import { pathOf, writtenPath } from "../http/request.ts";
import { type RouteFinder, routeFinder, type RouteOption } from "../http/routes.ts";
import type { LoopHolder } from "../work/loop_blame.ts";

/** Options of `monitor.instrument`. */
export interface InstrumentOptions {
  /**
   * The path on which scrapes are answered as well, such as `/metrics`; those are not measured.
   *
   * @default {undefined} Nowhere: a page of metrics is public only where that was asked for.
   */
  path?: string;
  /**
   * How the route of a request is known: a function, `URLPattern`s, or replacements such as
   * `{ normalizePath: [[/^\/users\/\d+$/, "/users/:id"]] }`. A path that no replacement takes as a whole has no route:
   * what stands beside a match is the client's. Bun's routes tell it by their keys.
   *
   * A function gets what the handler gets, and is asked when the request comes, which tells the gauge of requests in
   * progress, and again when the head of its answer is there, or its client has left, since many routers know a route only
   * then; what it tells last counts. A request that holds the event loop before is blamed by what it tells at that time. It
   * tells a template, never a path that a client can choose. One that tells nothing, throws or answers a promise leaves the
   * route as it was known before; the last two are counted in `metrics_errors_total`.
   *
   * @kind a function, `URLPattern`s, or { normalizePath }
   * @default {undefined} Every request has the route `none`, never its raw path.
   */
  route?: RouteOption;
}

/** What each option may be. */
export const instrumentOptions: OptionTable<InstrumentOptions> = { path: pagePath, route: routeKind };

/** A fetch handler, whatever its runtime passes beside the request. */
type FetchHandler = (request: Request, ...rest: unknown[]) => Response | Promise<Response>;

/**
 * Measures a fetch handler, or every handler of Bun's `routes`.
 *
 * @param recorder Where to count; undefined to pass everything through.
 * @throws {TypeError} If an option is unknown, or it or the target is of the wrong kind.
 */
export function instrument<Target extends object>(
  recorder: Recorder | undefined,
  page: PageHandler,
  target: Target,
  options: InstrumentOptions,
): Target {
  const { path: given, route } = checkTable(refuser("Cannot instrument"), options, instrumentOptions);
  const path = given === undefined ? undefined : writtenPath(given);
  const finder = routeFinder("Cannot instrument", route, {
    path: (request: Request) => pathOf(request, recorder?.runtime.requestHeader),
    url: ({ url }) => url,
  }, recorder?.failed);
  recorder?.join();
  if (typeof target === "function") {
    const measured = recorder ? measure(recorder, target as FetchHandler, finder) : target as FetchHandler;
    return (path === undefined ? measured : answerScrapes(measured, page, path)) as unknown as Target;
  }
  if (!isObject(target)) {
    throw new TypeError(`Cannot instrument: expected a fetch handler or an object of routes, got ${typeof target}`);
  }
  const routes = Object.entries(target).map(([key, handlers]) => [
    key,
    recorder ? measureRoute(recorder, handlers, key) : handlers,
  ]);
  if (path !== undefined) routes.push([path, (request: Request, server: unknown) => page(request, server)]);
  return Object.fromEntries(routes) as Target;
}

/**
 * Everything that Bun takes under a route: a handler, handlers by method, or what Bun answers by itself. A ready response is of
 * the last: Bun gives it an ETag and answers conditional requests for it, which it does for no handler's.
 */
function measureRoute(recorder: Recorder, handlers: unknown, key: string): unknown {
  const finder: RouteFinder = { find: () => key, asksAgain: false };
  if (typeof handlers === "function") return measure(recorder, handlers as FetchHandler, finder);
  if (Object.getPrototypeOf(handlers ?? 0) !== Object.prototype) return handlers;
  return Object.fromEntries(
    Object.entries(handlers as object).map(([method, handler]) => [method, measureRoute(recorder, handler, key)]),
  );
}

function measure(
  recorder: Recorder,
  handler: FetchHandler,
  finder: RouteFinder | undefined,
): FetchHandler {
  return function measured(this: unknown, request, platform) {
    // `arguments` is what came, to the last one, and costs nothing when it is only handed on.
    const args = arguments as unknown as Parameters<FetchHandler>;
    const handle = (): Response | Promise<Response> => handler.apply(this, args);
    const find = finder && ((): string | undefined => finder.find(...args));
    const outer = markOf(request, platform, args[2]);
    if (outer) {
      // What is around this one counts the request, and knows no more of its route.
      if (find) tellsRoute(outer, find);
      return handle();
    }
    const { needsPath, runtime: { requestHeader } } = recorder;
    const path = needsPath ? pathOf(request, requestHeader) : undefined;
    const exchange = recorder.begin(request, find?.() ?? unmatchedRoute, platform, path);
    if (!exchange) return handle();
    if (finder?.asksAgain) tellsRoute(exchange, find!);
    const { blame } = recorder;
    const before = blame?.enter(exchange, exchange.beganAt);
    let answer: Response | Promise<Response>;
    try {
      answer = runAround(exchange, request, args[2], handle);
    } catch (error) {
      exchange.end(500, undefined, left(recorder, before));
      throw error;
    }
    // One read of the clock serves both the blame of a stall and the duration.
    const at = left(recorder, before);
    return answer instanceof Promise ? settled(exchange, answer) : answered(exchange, answer, at);
  };
}

/** The synchronous part of a handler is over; answers when, NaN where nobody has asked the clock. */
function left({ blame, now }: Recorder, before: LoopHolder | undefined): number {
  if (!blame) return Number.NaN;
  const at = now();
  blame.leave(before, at);
  return at;
}

async function settled(exchange: Exchange, answer: Promise<Response>): Promise<Response> {
  let response: Response;
  try {
    response = await answer;
  } catch (error) {
    exchange.end(500, undefined, exchange.settled());
    throw error;
  }
  return answered(exchange, response, exchange.settled());
}

function answered(exchange: Exchange, response: Response, at: number): Response | Promise<Response> {
  if (readStatus(response) !== undefined) return exchange.answer(response, undefined, true, at);
  const then = thenOf(response);
  if (then) return pending(exchange, response as unknown as PromiseLike<Response>, then);
  exchange.refuse(response, at);
  return response;
}

type Then = PromiseLike<Response>["then"];

/** What servers wait for. A look that throws is left to whoever must look. */
function thenOf(value: unknown): Then | undefined {
  const then = asked(() => (value as { then?: unknown } | null | undefined)?.then);
  return typeof then === "function" ? then as Then : undefined;
}

/** A promise of another realm is one to every server; of what else has `then` each server thinks as it likes. */
function pending(exchange: Exchange, answer: PromiseLike<Response>, then: Then): Promise<Response> {
  try {
    return settled(exchange, Promise.prototype.then.call(answer) as Promise<Response>);
  } catch {
    return overheard(exchange, answer, then);
  }
}

/** Stands for what is no promise, and asks it only when, and as, a server does: some refuse it, and some trust what it says. */
function overheard(exchange: Exchange, answer: PromiseLike<Response>, then: Then): Promise<Response> {
  let isHeard = false;
  const failed = (): void => exchange.end(500, undefined, exchange.settled());
  const heard: Then = (done, refused) => {
    isHeard = true;
    try {
      return then.call(
        answer,
        done && ((response) => done(answered(exchange, response, exchange.settled()) as Response)),
        refused && ((reason) => {
          failed();
          return refused(reason);
        }),
      ) as never;
    } catch (error) {
      failed();
      throw error;
    }
  };
  // A server that refuses it has answered by then. Where timers run within requests alone, this is one.
  const { nextTurn = setTimeout } = exchange.series.recorder.runtime;
  nextTurn(() => isHeard || exchange.refuse(answer));
  return Object.create(answer, { then: { value: heard } });
}

function answerScrapes(
  handler: FetchHandler,
  page: PageHandler,
  path: string,
): FetchHandler {
  return function scraped(this: unknown, request, platform) {
    if (isScrape(request, path)) {
      // What is around this one may answer scrapes elsewhere, and measures this.
      markOf(request, platform, arguments[2])?.discard();
      return page(request, platform);
    }
    return handler.apply(this, arguments as unknown as Parameters<FetchHandler>);
  };
}

/** Reading a URL is dear, and almost no request is a scrape: a look at the text comes first. */
function isScrape(request: Request, path: string): boolean {
  // An app may be asked with anything.
  return asked(() => request.url.includes(path) && pathOf(request) === path) === true;
}
