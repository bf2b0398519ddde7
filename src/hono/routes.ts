/**
 * Which of Hono's routes answers a request?
 *
 * @module
 */

import type { HonoRequestLike, HonoRouteLike } from "./context.ts";
import type { RouteSeries } from "../http/exchange_recorder.ts";
import { unmatchedRoute } from "../http/route_series.ts";
import type { Recorder } from "../http/recorder.ts";

/** What matched a request, in the order in which it runs: each time a handler beside its record, and its parameters. */
export type Matches = readonly (readonly [readonly [unknown, HonoRouteLike], ...unknown[]])[];

/** What is known of a record, found once. */
export interface KnownRoute {
  readonly record: HonoRouteLike | undefined;
  /** The template; undefined where the record is a middleware, which answers for no route. */
  readonly route: string | undefined;
  /** Is it a middleware that answers with files? */
  readonly servesFiles?: boolean;
  /** Does it hand the request to another app, made anew? */
  readonly mounts?: boolean;
  /** The newest method that came, and the series of both. */
  method?: string;
  series?: RouteSeries;
}

/** Knows the routes of the apps that one middleware serves. */
export class HonoRoutes {
  private readonly recorder: Recorder;
  private readonly known = new WeakMap<HonoRouteLike, KnownRoute>();
  private readonly none: KnownRoute = { record: undefined, route: unmatchedRoute };

  /**
   * Makes one that knows no route yet.
   *
   * @param recorder Finds series.
   */
  constructor(recorder: Recorder) {
    this.recorder = recorder;
  }

  /**
   * Finds the last route that matched; who answers is known only behind the handlers.
   *
   * @param matches What matched.
   * @returns The route, `none` where only middlewares matched.
   */
  expected(matches: Matches): KnownRoute {
    for (let i = matches.length - 1; i >= 0; i--) {
      const known = this.knownOf(matches[i]![0][1]);
      if (known.route !== undefined) return known;
    }
    return this.none;
  }

  /**
   * Tells the template of the route that did answer.
   *
   * @param matches What matched.
   * @param index The place of what ran last.
   * @param expected The route that was expected.
   * @param status What was answered; undefined where nothing was.
   * @returns The template, where it is another one, or `static` for a file; undefined also where any other middleware
   * answered, and the expected one stands.
   */
  answering(matches: Matches, index: number, expected: KnownRoute, status?: number): string | undefined {
    const record = matches[index]?.[0][1];
    if (record === undefined || record === expected.record) return undefined;
    const { route, servesFiles } = this.knownOf(record);
    // Where it has no such file it passes the request on, and stays the last that ran where nothing stands behind it.
    return route ?? (servesFiles && (status! < 400 || status === rangeNotSatisfiable) ? staticRoute : undefined);
  }

  /**
   * Finds the series of a route.
   *
   * @param known The route.
   * @param method The request's method.
   * @returns The series.
   */
  series(known: KnownRoute, method: string): RouteSeries {
    if (known.method === method) return known.series!;
    known.method = method;
    return known.series = this.recorder.series(method, known.route!);
  }

  private knownOf(record: HonoRouteLike): KnownRoute {
    let known = this.known.get(record);
    if (!known) {
      const isRoute = !isMiddleware(record);
      this.known.set(
        record,
        known = isRoute
          ? { record, route: record.path, mounts: isMount(record) }
          : { record, route: undefined, servesFiles: servesFiles(record) },
      );
    }
    return known;
  }
}

/** Under this name Hono keeps what matched a request; undefined until it was looked for, null where it was not found. */
let matchKey: symbol | null | undefined;

/**
 * Tells what matched a request.
 *
 * `matchedRoutes` makes a new list of it at each call, which costs a tenth of everything else here; where it keeps the list
 * that stands behind it has no name (Hono 4.8 and newer), and is known by holding the same.
 *
 * @param request Hono's request.
 * @returns What matched.
 */
export function matchesOf(request: HonoRequestLike): Matches {
  if (matchKey === undefined) matchKey = findMatchKey(request);
  const kept = matchKey && (request as unknown as { [key: symbol]: readonly [Matches] | undefined })[matchKey];
  return kept ? kept[0] : request.matchedRoutes.map((record) => [[undefined, record]]);
}

function findMatchKey(request: HonoRequestLike): symbol | null {
  const routes = request.matchedRoutes;
  const keeper = request as unknown as { [key: symbol]: readonly [Matches] | undefined };
  return Object.getOwnPropertySymbols(Object.getPrototypeOf(request)).find((key) => {
    const matches = keeper[key]?.[0];
    return Array.isArray(matches) && matches.length === routes.length &&
      routes.every((record, i) => matches[i]?.[0]?.[1] === record);
  }) ?? null;
}

/** The route of a file that a middleware has answered with. */
const staticRoute = "static";
const rangeNotSatisfiable = 416;

/**
 * `use()` registers for all methods, as `all()` and `mount()` do. A handler for all methods on a wildcard is a middleware
 * if it takes `next`, save for the one that `mount()` makes.
 */
function isMiddleware(record: HonoRouteLike): boolean {
  const { method, path } = record;
  return method === "ALL" && path.includes("*") && originalOf(record).length > 1 && !isMount(record);
}

function isMount(record: HonoRouteLike): boolean {
  return record.method === "ALL" && record.path.endsWith("/*") && isMounted(String(originalOf(record)));
}

/**
 * What `mount()` of Hono registers awaits a function with the request, as it is or made anew, and spreads further
 * arguments behind it. Minifiers rename what it is called and write the making inline, and keep `req.raw` and the order.
 */
function isMounted(text: string): boolean {
  for (const call of text.matchAll(/\b(?:await|yield)\s*\(?[\w$]+\(/g)) {
    const first = call.index + call[0].length;
    const spread = spreadArgument(text, first);
    if (/(?<![\w$.])[\w$]+\.req\.raw\b/.test(text.slice(first, spread))) return true;
  }
  return false;
}

/** Where an argument of the call whose arguments begin at `first` is spread; `first` where none is. */
function spreadArgument(text: string, first: number): number {
  for (let at = first, depth = 1; depth > 0 && at < text.length; at++) {
    const letter = text[at]!;
    if ("([{".includes(letter)) depth++;
    else if (")]}".includes(letter)) depth--;
    else if (depth === 1 && text.startsWith("...", at)) return at;
  }
  return first;
}

/** Hono's `serveStatic` calls the one, or is handed the other by that of a runtime; no minifier renames them. */
function servesFiles(record: HonoRouteLike): boolean {
  return /\.onNotFound\b|[{,]\s*getContent\s*[,:}(]/.test(String(originalOf(record)));
}

/** A sub-app with an error handler of its own wraps what it registers and keeps the original beside. */
function originalOf({ handler }: HonoRouteLike): HonoRouteLike["handler"] {
  return (handler as { __COMPOSED_HANDLER?: typeof handler }).__COMPOSED_HANDLER ?? handler;
}
