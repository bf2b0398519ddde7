/**
 * The templates of Express' routes, mounts included.
 *
 * @module
 */

import { givenText, type MatcherLike, mountText, probedText } from "./express_mounts.ts";
import { withoutOrigin } from "./message.ts";

/** A route of Express 4 or 5. */
export interface ExpressRouteLike {
  readonly path: unknown;
}

/** A layer of a router's stack: a route, a mounted router, or a middleware. */
export interface LayerLike {
  readonly route?: ExpressRouteLike | undefined;
  readonly handle?: unknown;
  /** Express 5 with router 2.3 and newer: the path as it was given. */
  readonly rawPath?: unknown;
  /** Express 5: does it match any path? */
  readonly slash?: boolean;
  /** Express 5: one for each path that was given. */
  readonly matchers?: readonly MatcherLike[];
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  /** Express 4: the names of the parameters, in their order. */
  readonly keys?: readonly { readonly name: string | number }[];
}

export interface ExpressAppLike {
  /** Undefined, or a string without meaning, where the app is no sub-app. */
  readonly parent?: ExpressAppLike | undefined;
}

/** Where a request is: what its mounts have taken of the path, and what is left. */
export interface ExpressPlace {
  /** The app whose router has the request. */
  readonly app: ExpressAppLike;
  readonly root: ExpressAppLike;
  /** As Express keeps it. */
  readonly baseUrl: string;
  /** The rest of the path, and the query. */
  readonly url: string;
}

/** A mount on the way to a route. */
interface Step {
  /** Tells the piece at the beginning of a path that it takes. */
  readonly take: (path: string) => string | undefined;
  /** Undefined where this path does not tell it. */
  readonly text: string | undefined;
}

interface Way {
  readonly steps: readonly Step[];
  readonly template: string;
}

/** Deeper routers are not looked into: one that mounts itself would have no end. */
const maxDepth = 16;

/** So many ways to one route are kept; others are looked for at each request. */
const maxWays = 16;

/** What stands for mounts that nobody knows; the path as it came is the client's. */
const unknown = "/*";

/** Knows the templates of an app's routes. */
export class ExpressRoutes {
  readonly #ways = new WeakMap<object, Way[]>();

  /**
   * Tells a route's template.
   *
   * @param route The route that Express has just found.
   * @param place Where the request is.
   * @returns The template; what was given as a pattern or a list stands there as a text.
   */
  templateOf(route: ExpressRouteLike, place: ExpressPlace): string {
    const own = routeText(route.path);
    if (place.baseUrl === "") return own || "/";
    return this.#mountsOf(route, route, place) + (own === "/" ? "" : own);
  }

  /**
   * Tells the template of the mount that a request is in, without a route.
   *
   * @param place Where the request is.
   * @returns Such as `/files/*`; undefined where it is in none.
   */
  mountOf(place: ExpressPlace): string | undefined {
    if (place.baseUrl === "") return undefined;
    const mounts = this.#mountsOf(place.app, undefined, place);
    return mounts === unknown ? unknown : `${mounts}/*`;
  }

  #mountsOf(key: object, route: ExpressRouteLike | undefined, place: ExpressPlace): string {
    const base = place.baseUrl;
    const path = base + pathnameOf(place.url);
    let ways = this.#ways.get(key);
    if (!ways) this.#ways.set(key, ways = []);
    const known = ways.find(({ steps }) => leadTo(base, steps, path));
    if (known) return known.template;
    const stack = stackOf(topOf(place.root));
    const steps = (route && stepsTo(stack, route, [], path, base, maxDepth)) ??
      stepsTo(stack, undefined, jumpsFrom(place.app), path, base, maxDepth);
    const template = steps?.map(({ text }) => text ?? unknown).join("") ?? unknown;
    if (steps?.every(({ text }) => text !== undefined) && ways.length < maxWays) ways.push({ steps, template });
    return template;
  }
}

/**
 * Finds mounts that take the whole base, one after the other.
 *
 * @param route What has to stand behind them; undefined for whatever does.
 * @param jumps The layers that may stand behind a function that nobody sees into, such as a mounted app's.
 */
function stepsTo(
  stack: readonly LayerLike[],
  route: ExpressRouteLike | undefined,
  jumps: readonly LayerLike[],
  path: string,
  base: string,
  depth: number,
): Step[] | undefined {
  if (depth === 0) return undefined;
  for (const layer of stack) {
    if (layer.route) {
      if (layer.route === route && base === "") return [];
      continue;
    }
    const step = typeof layer.handle === "function" ? stepOf(layer, path) : undefined;
    const taken = step?.take(path)?.replace(/\/$/, "");
    if (taken === undefined || !base.startsWith(taken)) continue;
    if (!route && taken === base) return [step!];
    const inner = stackOf(layer.handle);
    const behind = inner.length > 0 || taken === "" ? inner : jumps;
    const found = stepsTo(behind, route, jumps, path.slice(taken.length) || "/", base.slice(taken.length), depth - 1);
    if (found) return taken === "" ? found : [step!, ...found];
  }
  return undefined;
}

/** Do these mounts take the base, one after the other? */
function leadTo(base: string, steps: readonly Step[], path: string): boolean {
  let at = 0;
  for (const { take } of steps) {
    const taken = take(path.slice(at) || "/")?.replace(/\/$/, "");
    if (taken === undefined) return false;
    at += taken.length;
  }
  return at === base.length;
}

/** What a layer takes of a path; undefined where it is not for it. */
function stepOf(layer: LayerLike, path: string): Step | undefined {
  const { slash, regexp, matchers = [], rawPath } = layer;
  if (slash || regexp?.fast_slash) return { take: () => "", text: "" };
  if (regexp) return { take: (path) => found(regexp, path), text: mountText(regexp, layer.keys) };
  if (rawPath !== undefined) {
    const take = (path: string): string | undefined => {
      for (const matcher of matchers) {
        const taken = matched(matcher, path);
        if (taken !== undefined) return taken;
      }
      return undefined;
    };
    return { take, text: givenText(rawPath) };
  }
  // Before router 2.3 Express 5 kept no text of a mount.
  const matcher = matchers.find((matcher) => matched(matcher, path) !== undefined);
  return matcher && { take: (path) => matched(matcher, path), text: probedText(matcher, path) };
}

function matched(matcher: MatcherLike, path: string): string | undefined {
  try {
    return (matcher(path) || undefined)?.path;
  } catch {
    // A parameter that cannot be decoded.
    return undefined;
  }
}

/** A pattern of the app's own may keep where it was. */
function found(pattern: RegExp, path: string): string | undefined {
  const { lastIndex } = pattern;
  const match = pattern.exec(path);
  pattern.lastIndex = lastIndex;
  return match?.index === 0 ? match[0] : undefined;
}

/** The layers of a router, or of an app's router; asking Express 4 for `app.router` throws. */
function stackOf(target: unknown): readonly LayerLike[] {
  const { stack, _router } = target as { stack?: unknown; _router?: { stack?: unknown } };
  if (Array.isArray(stack)) return stack;
  if (Array.isArray(_router?.stack)) return _router.stack;
  try {
    const own = (target as { router?: { stack?: unknown } }).router?.stack;
    return Array.isArray(own) ? own : [];
  } catch {
    return [];
  }
}

/** An app and those that it is mounted in; a layer that leads to a sub-app does not show it. */
function* upwards(app: ExpressAppLike): Generator<ExpressAppLike> {
  let next: unknown = app;
  for (let depth = 0; (typeof next === "object" || typeof next === "function") && next && depth < maxDepth; depth++) {
    yield next;
    next = (next as ExpressAppLike).parent;
  }
}

function topOf(app: ExpressAppLike): ExpressAppLike {
  return [...upwards(app)].at(-1)!;
}

function jumpsFrom(app: ExpressAppLike): LayerLike[] {
  return [...upwards(app)].flatMap(stackOf);
}

/** Express keeps the origin of a whole address before the rest of its path. */
function pathnameOf(url: string): string {
  const target = withoutOrigin(url);
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

function routeText(path: unknown): string {
  return typeof path === "string" ? path : Array.isArray(path) ? path.map(routeText).join(",") : givenText(path);
}
