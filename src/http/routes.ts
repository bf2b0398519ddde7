/**
 * How the route of a request to a raw fetch handler is known.
 *
 * @module
 */

import { unmatchedRoute } from "./route_series.ts";
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
  | ((request: Request) => string | undefined)
  | readonly UrlPatternLike[]
  | { readonly normalizePath: readonly (readonly [RegExp, string])[] };

/**
 * Makes the function that tells a request's route.
 *
 * @param option What the user gave.
 * @param failed Called when the user's function throws, or answers a promise.
 * @returns The function. What tells nothing, or throws, is the route `none`, never the raw path.
 * @throws {TypeError} If the option is none of its kinds.
 */
export function routeFinder(
  option: RouteOption | undefined,
  failed: () => void = ignore,
): (request: Request) => string {
  if (option === undefined) return () => unmatchedRoute;
  const find = finder(option);
  return (request) => {
    try {
      const route: unknown = find(request);
      if (isLater(route, ignore)) failed();
      return typeof route === "string" && route !== "" ? route : unmatchedRoute;
    } catch {
      failed();
      return unmatchedRoute;
    }
  };
}

/**
 * Tells the path of a request, whatever its client says of the host: Deno 2.9 writes that into the URL as it is, so that a
 * host of `x/metrics?` would move the path, and Bun 1.4 leaves no more than the path where there is no proper host.
 *
 * @param request The request.
 * @returns The path, without the query.
 */
export function pathOf(request: Request): string {
  const { url } = request;
  let at = 0;
  if (!url.startsWith("/")) {
    at = url.indexOf("//") + 2;
    const host = request.headers.get("host");
    if (host && url.startsWith(host, at)) at += host.length;
    while (at < url.length && !"/?#".includes(url[at]!)) at++;
  }
  return new URL(`http://localhost${url.slice(at)}`).pathname;
}

function finder(option: RouteOption): (request: Request) => string | undefined {
  if (typeof option === "function") return option;
  if (isPatterns(option)) return (request) => option.find((pattern) => pattern.test(request.url))?.pathname;
  const replacements = (option as { normalizePath?: unknown } | null)?.normalizePath;
  if (!isReplacements(replacements)) {
    throw new TypeError(
      "Cannot instrument: route must be a function, a list of URLPatterns, or { normalizePath: [[pattern, text], …] }",
    );
  }
  return (request) => replacements.reduce((path, [pattern, text]) => path.replace(pattern, text), pathOf(request));
}

function isPatterns(option: RouteOption): option is readonly UrlPatternLike[] {
  return Array.isArray(option) &&
    option.every((pattern) => typeof pattern?.test === "function" && typeof pattern.pathname === "string");
}

function isReplacements(value: unknown): value is readonly (readonly [RegExp, string])[] {
  return Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair[0] instanceof RegExp && typeof pair[1] === "string");
}
