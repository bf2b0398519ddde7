/**
 * Listeners of Node's servers, measured.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { checkTable, type OptionTable, refuser } from "../check.ts";
import type { Exchange } from "../http/exchange.ts";
import { told } from "../http/exchange_state.ts";
import { unmatchedRoute } from "../http/route_series.ts";
import { checkMonitor, pagePath, routeKind } from "../http/door_options.ts";
import { sentStatusOf } from "../http/outgoing_message.ts";
import { markOf, ownMarkOf, tellsRoute } from "../http/measured_once.ts";
import { writtenPath } from "../http/request.ts";
import { type PathRoutes, routeFinder } from "../http/routes.ts";
import type { Recorder } from "../http/recorder.ts";
import type { Monitor } from "../monitor/monitor.ts";
import { type IncomingLike, pathOfMessage, type ResponseLike, urlOf } from "./message.ts";
import { MessageRequest } from "./message_request.ts";
import { toNodeListener } from "./to_node_listener.ts";
import { followUpgraded } from "./upgraded_connection.ts";

/** Options of {@linkcode instrumentListener}. */
export interface InstrumentListenerOptions<Incoming = IncomingLike> {
  /**
   * The path on which scrapes are answered as well, such as `/metrics`; those are not measured.
   *
   * @default {undefined} Nowhere: a page of metrics is public only where that was asked for.
   */
  path?: string;
  /**
   * How the route of a request is known: a function of the message, `URLPattern`s, or replacements such as
   * `{ normalizePath: [[/^\/users\/\d+$/, "/users/:id"]] }`. A path that no replacement takes as a whole has no route:
   * what stands beside a match is the client's.
   *
   * A function is asked when the request comes, and again when its head is sent, or its client has left, since a
   * framework knows the route only then; what it tells last counts. A request that holds the event loop before is blamed by
   * what it tells at that time. It tells a template, never a path that a client can choose; undefined where none is known.
   * What throws or answers a promise is counted in `metrics_errors_total`.
   *
   * @kind a function, `URLPattern`s, or { normalizePath }
   * @default {undefined} Every request has the route `none`, never its raw path.
   */
  route?: ((request: Incoming) => string | undefined) | PathRoutes;
}

/** What each option may be. */
export const listenerOptions: OptionTable<InstrumentListenerOptions> = { path: pagePath, route: routeKind };

const refuse = refuser("Cannot instrument listener");

/**
 * Measures a listener of `node:http`, `node:https` or `node:http2`, whatever framework stands behind it: each request from
 * its arrival until its response was sent, or its client has left.
 *
 * @example A plain server
 * ```ts
 * import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { instrumentListener } from "@rtm/runtime-metrics/node";
 *
 * using monitor = createMonitor();
 * const hello = (_request: IncomingMessage, response: ServerResponse) => void response.end("hello");
 * const server = createServer(instrumentListener(monitor, hello, { path: "/metrics" }));
 * ```
 *
 * @param monitor What measures.
 * @param listener The listener; it is called as the server would.
 * @param options Where to answer scrapes, and how routes are known.
 * @returns The listener, measured.
 * @throws {TypeError} If the monitor is none, the listener is no function, or an option is unknown or of the wrong kind.
 * @throws {Error} If the registry has a metric of its own under one of our names.
 */
// With `never` in the place of `any` the messages of a listener that is written in place would be `never`.
// deno-lint-ignore no-explicit-any
export function instrumentListener<Listener extends (request: any, response: any) => unknown>(
  monitor: Pick<Monitor, "handler" | "recorder">,
  listener: Listener,
  options: InstrumentListenerOptions<Parameters<Listener>[0]> = {},
): Listener {
  checkMonitor(refuse, monitor, "handler");
  if (typeof listener !== "function") {
    throw new TypeError(`Cannot instrument listener: expected a function, got ${typeof listener}`);
  }
  checkTable(refuse, options, listenerOptions);
  return measureListener(monitor, listener, options);
}

/**
 * Measures a listener.
 *
 * @param answersBehind Does a framework answer this message once the listener's promise has settled? What it makes of the
 * answer is the request's as well.
 */
export function measureListener<Listener extends (request: never, response: never) => unknown>(
  monitor: Pick<Monitor, "handler" | "recorder">,
  listener: Listener,
  options: InstrumentListenerOptions<Parameters<Listener>[0]>,
  answersBehind?: (incoming: IncomingLike) => boolean,
): Listener {
  const scrapePath = options.path === undefined ? undefined : writtenPath(options.path);
  const { recorder } = monitor;
  recorder?.join();
  const page = toNodeListener(monitor.handler);
  const finder = routeFinder(
    "Cannot instrument listener",
    options.route as InstrumentListenerOptions["route"],
    { path: (incoming) => new URL(urlOf(incoming)).pathname, url: (incoming) => urlOf(incoming) },
    recorder?.failed,
  );
  const call = listener as unknown as (this: unknown, incoming: IncomingLike, outgoing: ResponseLike) => unknown;
  return function measured(this: unknown, incoming: IncomingLike, outgoing: ResponseLike) {
    const platform = { incoming, outgoing };
    const request = new MessageRequest(incoming) as unknown as Request;
    if (scrapePath !== undefined && pathOfMessage(incoming) === scrapePath) {
      // What is around this one may answer scrapes elsewhere, and measures this.
      ownMarkOf(request, platform)?.discard();
      return page(incoming, outgoing);
    }
    const listen = (): unknown => call.call(this, incoming, outgoing);
    if (!recorder) return listen();
    const find = finder && ((): string | undefined => finder.find(incoming));
    const outer = markOf(request, platform);
    if (outer) {
      // A listener around this one counts the request, and knows no more of its route.
      if (find) tellsRoute(outer, find);
      return listen();
    }
    const path = recorder.needsPath ? pathOfMessage(incoming) : undefined;
    const route = find?.() ?? unmatchedRoute;
    const exchange = recorder.begin(request, route, platform, path);
    if (!exchange) return listen();
    if (finder?.asksAgain) tellsRoute(exchange, find!);
    const isTold = follow(exchange, recorder, incoming, outgoing);
    const behind = (): boolean | undefined => answersBehind?.(incoming);
    if (isTold) return hold(exchange, recorder, listen, behind);
    return runToEnd(exchange, outgoing, () => hold(exchange, recorder, listen, behind));
  } as unknown as Listener;
}

/**
 * Runs a listener under the name of its request. Where its synchronous part, or its promise, is over with the answer, one
 * read of the clock serves both the blame of a stall and the duration.
 */
function hold(
  exchange: Exchange,
  { blame, now }: Recorder,
  listen: () => unknown,
  answersBehind: () => boolean | undefined,
): unknown {
  if (!blame) return listen();
  const outer = blame.enter(exchange, exchange.beganAt);
  let result: unknown;
  try {
    result = listen();
  } finally {
    const at = now();
    blame.leave(outer, at);
    noteSent(exchange, at);
  }
  if (!(result instanceof Promise)) return result;
  return passedOn(result, () => {
    // The end of that answer tells it.
    if (!answersBehind()) noteSent(exchange, exchange.settled());
  });
}

/** Tells when a promise has settled. The one that it answers is handled by nobody yet: what rejects unseen ends a Node process. */
async function passedOn(promise: Promise<unknown>, settled: (failed: boolean) => void): Promise<unknown> {
  let failed = true;
  try {
    const answer = await promise;
    failed = false;
    return answer;
  } finally {
    settled(failed);
  }
}

/** Notes when the system had all of a message, which closes a little later; on HTTP/2 it waits for its client. */
function noteSent(exchange: Exchange, at: number): void {
  const outgoing = exchange.context?.outgoing;
  if (asked(() => outgoing?.writableFinished && outgoing.stream === undefined)) exchange.answeredAt = at;
}

/**
 * Runs a listener whose message tells no end, as one that is none of a server's may not: its request ends with the listener,
 * in the way of a fetch handler's, and is left out where there is no status to be seen.
 */
function runToEnd(exchange: Exchange, outgoing: ResponseLike, run: () => unknown): unknown {
  const over = (failed = false): void => {
    const status = failed ? 500 : asked(() => outgoing.statusCode);
    exchange.attempt(() => {
      if (typeof status !== "number") return exchange.discard();
      exchange.head(status, undefined);
      exchange.sent();
    });
  };
  try {
    const result = run();
    if (result instanceof Promise) return passedOn(result, over);
    over();
    return result;
  } catch (error) {
    over(true);
    throw error;
  }
}

/** Notes the head when it is sent. */
function watchHead(exchange: Exchange, blame: Recorder["blame"], outgoing: ResponseLike): void {
  const own = Object.getOwnPropertyDescriptor(outgoing, "writeHead");
  const { writeHead } = outgoing;
  // Every head of HTTP/1 passes here, also one that nobody writes; at its end it is told in any case. Node refuses a status
  // that is none, and whoever asked for it may send another, so that only what was sent is noted.
  outgoing.writeHead = function (this: ResponseLike, ...head: [number, ...never[]]) {
    const answer = writeHead.apply(this, head);
    try {
      exchange.head(sentStatusOf(outgoing) ?? outgoing.statusCode, undefined);
      blame?.answers(exchange);
      if (own) Object.defineProperty(outgoing, "writeHead", own);
      else delete (outgoing as Partial<ResponseLike>).writeHead;
    } catch {
      // A message that was frozen meanwhile keeps it.
    }
    return answer;
  };
}

/** Lets the message tell how it ends; answers false where it will not. */
function follow(
  exchange: Exchange,
  { blame, now }: Recorder,
  incoming: IncomingLike,
  outgoing: ResponseLike,
): boolean {
  // What only looks like a message, such as a test's own, may have none of its events.
  if (!exchange.context?.outgoing) return false;
  const look = (): void => {
    // On HTTP/2 a message is finished by its reset as well, also where no head was sent.
    const status = sentStatusOf(outgoing);
    if (status !== undefined) exchange.head(status, undefined);
    if (Number.isNaN(exchange.answeredAt)) {
      const at = now();
      noteSent(exchange, at);
      blame?.answered(exchange, at);
    }
    if (!isConnected || endsUnseen(outgoing)) exchange.sent();
  };
  const finish = (): void => exchange.attempt(look);
  let isConnected = false;
  try {
    isConnected = (outgoing.stream ?? outgoing.socket) !== undefined;
    followUpgraded(exchange, incoming, outgoing);
    // Nobody else wants to know when the head was sent, and Bun's message sends another where `writeHead` is not its own.
    if (blame || exchange.findRoute || exchange.details) watchHead(exchange, blame, outgoing);
    outgoing.on("finish", finish);
    // A message whose HEAD was answered by `stream.respond()` is never finished nor closed (Node 20.20).
    (outgoing.stream as Http2StreamLike | undefined)?.on?.("close", finish);
    // From here on the message itself tells how it ends.
    exchange.listen();
    return (exchange.state & told) !== 0;
  } catch {
    return false;
  }
}

/**
 * Did a message end that does not look like it? What HTTP/2's `stream.respond()` answers is never ended as a message; the
 * body of an answer to HEAD is an error of its stream there, though nobody was to get it; and light-my-request (Fastify's
 * `inject()`) closes a message whose sink still holds what was ended.
 */
function endsUnseen({ stream, socket, writableEnded, writableFinished }: ResponseLike): boolean {
  if (stream) {
    const { sentHeaders, writableFinished: isSent, rstCode, headRequest } = stream as Http2StreamLike;
    return (headRequest === true || !writableEnded) && sentHeaders !== undefined && isSent === true && rstCode === 0;
  }
  return writableEnded === true && !writableFinished && socket?.destroyed === false;
}

/** A stream of `node:http2`, as far as it is used. */
interface Http2StreamLike {
  readonly sentHeaders?: { readonly ":status"?: number };
  readonly writableFinished?: boolean;
  readonly rstCode?: number;
  readonly headRequest?: boolean;
  on?(event: "close", listener: () => void): unknown;
}
