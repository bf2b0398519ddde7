/**
 * The templates of Express' routes, mounts included.
 *
 * @module
 */

/** A route of Express 4 or 5. */
export interface ExpressRouteLike {
  readonly path: unknown;
}

/** A layer of a router's stack: a route, a mounted router, or a middleware. */
interface LayerLike {
  readonly route?: ExpressRouteLike | undefined;
  readonly handle?: unknown;
  /** Express 5 with router 2.3 and newer: the path as it was given. */
  readonly rawPath?: unknown;
  /** Express 5: does it match any path? */
  readonly slash?: boolean;
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  /** Express 4: the names of the parameters, in their order. */
  readonly keys?: readonly { readonly name: string | number }[];
}

/** An app of Express, as far as it is used. */
export interface ExpressAppLike {
  /** Undefined, or a string without meaning, where the app is no sub-app. */
  readonly parent?: ExpressAppLike | undefined;
  readonly mountpath?: unknown;
}

/** How a route is reached: the layers that lead to it. */
type Chain = readonly LayerLike[];

/** Deeper routers are not looked into: one that mounts itself would have no end. */
const maxDepth = 16;

/** Knows the templates of an app's routes. */
export class ExpressRoutes {
  readonly #chains = new WeakMap<ExpressRouteLike, readonly { chain: Chain; template: string }[]>();

  /**
   * Tells a route's template.
   *
   * @param app The app that the route belongs to: a sub-app where that is mounted.
   * @param root The app that measures.
   * @param route The route.
   * @param path The path of the request, to tell two mounts of one router apart.
   * @returns The template; what was given as a pattern or a list stands there as a text.
   */
  templateOf(app: ExpressAppLike, root: ExpressAppLike, route: ExpressRouteLike, path: string): string {
    const known = this.#known(app, root, route);
    if (known.length < 2) return known[0]?.template ?? joined([textOf(route.path)]);
    return (known.find(({ chain }) => leadsTo(chain, path)) ?? known[0]!).template;
  }

  #known(app: ExpressAppLike, root: ExpressAppLike, route: ExpressRouteLike) {
    let known = this.#chains.get(route);
    if (!known) {
      const mounts: string[] = [];
      let top = app;
      for (; top !== root && top.parent && mounts.length < maxDepth; top = top.parent) {
        mounts.unshift(textOf(top.mountpath));
      }
      // A sub-app's routes are in its own router; the layer that leads there does not show it.
      const start = mounts.length > 0 ? app : root;
      known = chainsTo(stackOf(start), route, maxDepth).map((chain) => ({
        chain: mounts.length > 0 ? [] : chain,
        template: joined([...mounts, ...chain.map(mountOf), textOf(route.path)]),
      }));
      this.#chains.set(route, known);
    }
    return known;
  }
}

/** Finds every way to a route. */
function chainsTo(stack: readonly LayerLike[], route: ExpressRouteLike, depth: number): Chain[] {
  if (depth === 0) return [];
  return stack.flatMap((layer): Chain[] => {
    if (layer.route === route) return [[]];
    if (layer.route || typeof layer.handle !== "function") return [];
    return chainsTo(stackOf(layer.handle), route, depth - 1).map((chain) => [layer, ...chain]);
  });
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

/** Do these mounts lead to the path, one after the other? */
function leadsTo(chain: Chain, path: string): boolean {
  let rest = path;
  for (const layer of chain) {
    const text = mountOf(layer);
    if (text === "") continue;
    const pattern = layer.regexp ?? patternOf(text);
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) return false;
    rest = `/${rest.slice(found.length).replace(/^\//, "")}`;
  }
  return true;
}

/** A plain template as a pattern; parameters are whole segments. */
function patternOf(template: string): RegExp {
  const source = template.split("/").map((part) =>
    part.includes(":") || part.includes("*") ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  ).join("/");
  return new RegExp(`^${source}(?=/|$)`, "i");
}

/** The text of a mount, empty where it is the root. */
function mountOf(layer: LayerLike): string {
  const { rawPath, slash, regexp, keys = [] } = layer;
  if (slash || regexp?.fast_slash) return "";
  if (rawPath !== undefined) return textOf(rawPath);
  // Before router 2.3 Express 5 kept no text of a mount, and the path as it came is the client's.
  if (!regexp) return "/*";
  let next = 0;
  const text = regexp.source
    .replace(/^\^/, "").replace(/\\\/\?\(\?=\\\/\|\$\)$/, "")
    .replace(/\(\?:(\\\/)?\(\[\^\\?\/\]\+\?\)\)/g, (_all, slash = "") => `${slash}:${keys[next++]?.name ?? "*"}`)
    .replace(/\\([/.\-])/g, "$1");
  return /[\\()[\]|^$?+*]/.test(text) ? String(regexp) : textOf(text);
}

function textOf(path: unknown): string {
  if (Array.isArray(path)) return path.map(textOf).join(",");
  if (typeof path !== "string") return path instanceof RegExp ? String(path) : "";
  return path.replace(/\/$/, "");
}

function joined(parts: readonly string[]): string {
  return parts.join("") || "/";
}
