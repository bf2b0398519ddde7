/**
 * `ctx.waitUntil`: what keeps a request's context alive behind its response.
 *
 * @module
 */

/** The context that an edge runtime passes to its handlers. */
export interface ContextLike {
  /** Keeps the context alive until a promise has settled. */
  waitUntil(promise: Promise<unknown>): void;
}

/** Marks a context whose work is tracked already. */
const tracked: unique symbol = Symbol.for("@rtm/runtime-metrics.wait-until");

/** A context whose work is tracked. */
type Tracked = ContextLike & { readonly [tracked]?: ContextLike["waitUntil"] };

/**
 * Finds the context among a handler's arguments: Workers pass it last, behind the bindings; others pass nothing before it.
 */
export function contextAmong(rest: readonly unknown[]): ContextLike | undefined {
  return rest.findLast((value): value is ContextLike =>
    typeof value === "object" && value !== null && typeof (value as ContextLike).waitUntil === "function"
  );
}

/**
 * Lets everything that the app hands to a context's `waitUntil` pass a tracker, once for each context. The context itself
 * stays the same object, since apps and frameworks compare and keep it.
 */
export function trackWaitUntil(
  context: ContextLike,
  track: (promise: Promise<unknown>) => void,
): ContextLike["waitUntil"] {
  const known = (context as Tracked)[tracked];
  if (known) return known;
  const own = context.waitUntil;
  const untracked = (promise: Promise<unknown>): void => own.call(context, promise);
  try {
    Object.defineProperty(context, tracked, { value: untracked });
    Object.defineProperty(context, "waitUntil", {
      configurable: true,
      writable: true,
      value(promise: Promise<unknown>): void {
        // First the runtime: what it refuses is no pending work.
        untracked(promise);
        track(promise);
      },
    });
  } catch {
    // A frozen context: its work is not tracked, and still done.
  }
  return untracked;
}

/** Finds a context's own `waitUntil`, for what is not the app's work. */
export function untrackedWaitUntil(context: ContextLike): ContextLike["waitUntil"] {
  return (context as Tracked)[tracked] ?? ((promise) => context.waitUntil(promise));
}
