/**
 * Which requests are measured already?
 *
 * A request may pass two things that measure: a middleware on an app and another on its sub-app, or an instrumented handler
 * around an app. The first one marks an object of the request, and the others see that. A mark costs up to 0.1 µs, so none
 * is made while there is only one thing that measures.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { isObject } from "../check.ts";
import { sharedByCopies } from "../runtime/shared_global.ts";
import type { ProcessLike } from "../runtime/shim.ts";
import { carrierOf, type ServerContext, serverContextOf } from "./server_context.ts";

/** What a mark can be asked and told. */
export interface Marked {
  /** Was it answered and counted? What was left out was not. */
  readonly isOver: boolean;
  discard(): void;
  reroute(route: string): void;
  /** Tells the route when the answer's head is there; the one of the innermost handler is asked first. */
  findRoute?: (() => string | undefined) | undefined;
  /** Called once, when the request is in flight no more; only where a runtime has to be told. */
  onOver?: () => void;
}

/** Under this name every copy of this package finds the same. */
const current: unique symbol = Symbol.for("@rtm/runtime-metrics.exchange");

/** What every copy of this package shares. */
interface Marks {
  /** Is more than one thing measuring, so that requests are marked? */
  needed: boolean;
  /** Marks what is under way, for the one thing that measures while no marks are needed. */
  markPending: (() => void) | undefined;
  /** What finds the request around a mounted app; undefined before there is one. */
  mounts?: Mounts;
  /** Is there a middleware, whose app may be mounted where nobody sees it? */
  hasMiddleware?: boolean;
}

/** What belongs to a request that a mounted app handles, whatever it was made anew as. */
interface Mounts {
  /** Undefined where the runtime has none. */
  readonly storage: AsyncStorageLike | undefined;
  /** By the context that an edge runtime hands to each request. */
  readonly contexts: WeakMap<object, Mounted>;
}

/** Around a mounted app; the first who asks takes it, and others would be other requests. */
interface Mounted {
  exchange: Marked | undefined;
  /** Where that may be any app: the request, so that only one that was made of it takes the place. */
  readonly request?: Request;
}

/** Node's `AsyncLocalStorage`, as far as it is used. */
interface AsyncStorageLike {
  run<Result>(store: Mounted, call: () => Result): Result;
  getStore(): Mounted | undefined;
}

const marks = sharedByCopies<Marks>("marks", () => ({ needed: false, markPending: undefined }));

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
  if (!marks.needed) return;
  try {
    (carrierOf(request, server) as { [current]?: Marked })[current] = exchange;
  } catch {
    // A frozen request, which can carry no mark: whatever else measures it counts it as well.
  }
}

/**
 * Tells whether a request is measured already, also where a mounted app handles it.
 *
 * @param request The request.
 * @param server What the server passed beside it.
 * @param context The context of an edge runtime, or of Hono, which knows that.
 * @returns What measures it.
 */
export function markOf(request: Request, server: unknown, context?: unknown): Marked | undefined {
  if (!marks.needed) return undefined;
  // Taken in any case: who asks next would be another request.
  const mounted = marks.mounts && takeMounted(marks.mounts, request, context);
  return ownMarkOf(request, server) ?? mounted;
}

/**
 * Tells what a request was marked with by whoever has this very request.
 *
 * @param request The request.
 * @param server What the server passed beside it.
 * @returns What measures it.
 */
export function ownMarkOf(request: Request, server: unknown): Marked | undefined {
  try {
    const carrier = carrierOf(request, serverContextOf(request, server)) as { readonly [current]?: Marked };
    const exchange = carrier[current];
    // One and the same `Request` may be handled twice, one time after the other. What a server made for one request may not,
    // though that can be over before its handlers are: its client has left.
    return exchange?.isOver && carrier === request ? undefined : exchange;
  } catch {
    // An app may be asked with anything.
    return undefined;
  }
}

/**
 * Runs what hands a request to a mounted app, which makes it anew, so that a handler in there knows who measures it.
 *
 * @param exchange What measures the request.
 * @param context As above.
 * @param run Runs the mounted app.
 * @returns What that answers.
 */
export function runMounted<Result>(
  exchange: Marked,
  context: unknown,
  run: () => Promise<Result>,
): Promise<Result> {
  const mounted: Mounted = { exchange };
  // What the app leaves running would keep the request.
  return runWith(mounted, context, run).finally(() => mounted.exchange = undefined);
}

/** Notes that a middleware measures, whose app an instrumented handler may hand a request that was made anew. */
export function expectMountedApps(): void {
  marks.hasMiddleware = true;
}

/**
 * Runs an instrumented handler, so that a measured app that is mounted somewhere within knows who measures the request.
 *
 * @param exchange What measures the request.
 * @param request The request.
 * @param context The context of an edge runtime.
 * @param run Runs the handler.
 * @returns What that answers.
 */
export function runAround<Result>(
  exchange: Marked,
  request: Request,
  context: unknown,
  run: () => Result,
): Result {
  if (!marks.hasMiddleware) return run();
  return runWith({ exchange, request }, context, run);
}

function runWith<Result>(mounted: Mounted, context: unknown, run: () => Result): Result {
  const { storage, contexts } = marks.mounts ??= { storage: makeStorage(), contexts: new WeakMap() };
  const key = storage ? undefined : edgeContextOf(context);
  if (key) contexts.set(key, mounted);
  return storage ? storage.run(mounted, run) : run();
}

function takeMounted({ storage, contexts }: Mounts, request: Request, context: unknown): Marked | undefined {
  const mounted = storage ? storage.getStore() : contexts.get(edgeContextOf(context)!);
  const exchange = mounted?.exchange;
  if (!exchange || exchange.isOver || (mounted!.request && !isMadeOf(request, mounted!.request))) return undefined;
  mounted!.exchange = undefined;
  mark(request, undefined, exchange);
  return exchange;
}

/** Is a request another one made anew, its path cut at most? What an app asks another by itself is a request of its own. */
function isMadeOf(request: Request, outer: Request): boolean {
  if (request === outer) return true;
  return asked(() => {
    const [inner, whole] = [new URL(request.url), new URL(outer.url)];
    return request.method === outer.method && inner.search === whole.search &&
      request.headers.get("host") === outer.headers.get("host") &&
      (inner.pathname === "/" || whole.pathname.endsWith(inner.pathname));
  }) === true;
}

/** Hono's getter throws where there is none. */
function edgeContextOf(context: unknown): object | undefined {
  if (!isObject(context)) return undefined;
  return asked(() => Object("executionCtx" in context ? context.executionCtx : context));
}

function makeStorage(): AsyncStorageLike | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  const { AsyncLocalStorage } = (process?.getBuiltinModule?.("node:async_hooks") ?? {}) as {
    AsyncLocalStorage?: new () => AsyncStorageLike;
  };
  return AsyncLocalStorage && new AsyncLocalStorage();
}

/** Lets a measured handler or listener tell the route of a request when its answer is there, as far as it knows it then. */
export function tellsRoute(exchange: Marked, find: () => string | undefined): void {
  const outer = exchange.findRoute;
  exchange.findRoute = outer ? () => find() ?? outer() : find;
}
