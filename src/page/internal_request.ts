/**
 * Asking for the page from within the process.
 *
 * @module
 */

/** Marks a request that came by no network. No client can send it: it is no text. */
const inside: unique symbol = Symbol.for("@rtm/runtime-metrics.inside");

/** The request of who sends the page out itself: no guard keeps it off its own page. */
export const insideRequest: { readonly method: string } = { method: "GET", [inside]: true } as { method: string };

export function isInside(request: object | undefined): boolean {
  return request !== undefined && inside in request;
}
