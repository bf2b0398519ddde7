/**
 * Hono by shape: what the middleware uses of it, so that its types need no installed Hono, and fit each version.
 *
 * @module
 */

export interface HonoRouteLike {
  /** What the app that has the route stands under. */
  readonly basePath?: string;
  /** `ALL` where it answers every method. */
  readonly method: string;
  /** The whole template, such as `/users/:id`. */
  readonly path: string;
  /** What answers. */
  // deno-lint-ignore no-explicit-any -- whatever it takes and answers
  readonly handler: (...args: any[]) => unknown;
}

/** What is used of Hono's request. */
export interface HonoRequestLike {
  /** The request as the server handed it over. */
  readonly raw: Request;
  /** Its method. */
  readonly method: string;
  /** Its path, without the query. */
  readonly path: string;
  /** Which of the routes that match runs. */
  readonly routeIndex: number;
  /** The routes that match, in the order in which they run. */
  readonly matchedRoutes: readonly HonoRouteLike[];
}

/** What is used of Hono's context. */
export interface HonoContextLike {
  /** The request. */
  readonly req: HonoRequestLike;
  /** What the server or the platform handed to Hono. */
  readonly env: unknown;
  /** Is there a response? */
  readonly finalized: boolean;
  /** The response; a read before there is one makes an empty one. */
  get res(): Response;
  /** Puts another in its place. */
  set res(response: Response | undefined);
  /** On an edge runtime, where work is handed to `waitUntil`; the getter throws elsewhere. */
  readonly executionCtx: unknown;
}

/** A middleware, as Hono's `app.use()` takes it: one of Hono's `MiddlewareHandler`s. */
export type HonoMiddleware = (context: HonoContextLike, next: () => Promise<void>) => Promise<Response | void>;
