/**
 * How the route of a request to a raw fetch handler is known.
 *
 * @module
 */

import { atOnce } from "../runtime/promise.ts";
import { ignore, isLater } from "./user_function.ts";

/** A `URLPattern`, as far as it is used. */
export interface UrlPatternLike {
  /** The pattern of the path, such as `/users/:id`: the route's name. */
  readonly pathname: string;
  /** Does an address match? */
  test(url: string): boolean;
}

/**
 * Tells routes: a function, patterns in the order in which they are tried, or replacements that make a template of a path.
 */
export type RouteOption =
  // Whatever the server, or the app itself, passes beside the request.
  // deno-lint-ignore no-explicit-any
  | ((request: Request, ...rest: any[]) => string | undefined)
  | PathRoutes;

/**
 * What tells a route of the path alone: patterns in the order in which they are tried, or replacements that are made one
 * after the other. A path that none of them takes as a whole has no route: what stands beside a match is the client's.
 */
export type PathRoutes =
  | readonly UrlPatternLike[]
  | { readonly normalizePath: readonly (readonly [RegExp, string])[] };

export interface RouteFinder<Asked = Request> {
  /** Answers undefined where the route is not known; what throws, or answers a promise, is counted. */
  find(request: Asked, ...rest: unknown[]): string | undefined;
  /** May it know more once the request is answered? */
  readonly asksAgain: boolean;
}

/**
 * Makes what tells a request's route.
 *
 * @param action Begins the error, such as `Cannot instrument`.
 * @param option What the user gave.
 * @param of How path and address of a request are read.
 * @param failed Called when the user's function throws, or answers a promise.
 * @returns The finder; undefined without an option.
 * @throws {TypeError} If the option is none of its kinds.
 */
export function routeFinder<Asked>(
  action: string,
  option: RouteOption | ((request: Asked, ...rest: never[]) => string | undefined) | undefined,
  of: { path(request: Asked): string; url(request: Asked): string },
  failed: () => void = ignore,
): RouteFinder<Asked> | undefined {
  if (option === undefined) return undefined;
  const tell = (typeof option === "function" ? option : byPath(action, option, of)) as (
    ...asked: unknown[]
  ) => string | undefined;
  return {
    asksAgain: typeof option === "function",
    find(...asked) {
      try {
        const route: unknown = tell(...asked);
        if (isLater(route, ignore)) failed();
        return typeof route === "string" && route !== "" ? route : undefined;
      } catch {
        failed();
        return undefined;
      }
    },
  };
}

function byPath<Asked>(
  action: string,
  option: PathRoutes,
  of: { path(request: Asked): string; url(request: Asked): string },
): (request: Asked) => string | undefined {
  if (isPatterns(option)) {
    return (request) => {
      const url = of.url(request);
      return option.find((pattern) => atOnce("route", pattern.test(url)))?.pathname;
    };
  }
  const replacements = (option as { normalizePath?: unknown } | null)?.normalizePath;
  if (!isReplacements(replacements)) {
    throw new TypeError(
      `${action}: route must be a function, a list of URLPatterns, or { normalizePath: [[pattern, text], …] }`,
    );
  }
  return (request) => {
    let [path, fits] = [of.path(request), false];
    for (const [pattern, text] of replacements) {
      // What stands beside a match is as its client sent it, until a replacement takes the whole.
      path.replace(pattern, (match) => (fits ||= match.length === path.length, match));
      path = path.replace(pattern, text);
    }
    return fits ? path : undefined;
  };
}

function isPatterns(option: PathRoutes): option is readonly UrlPatternLike[] {
  return Array.isArray(option) &&
    option.every((pattern) => typeof pattern?.test === "function" && typeof pattern.pathname === "string");
}

function isReplacements(value: unknown): value is readonly (readonly [RegExp, string])[] {
  return Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair[0] instanceof RegExp && typeof pair[1] === "string");
}
