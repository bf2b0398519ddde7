/**
 * What asks for a page: a request, or what a framework hands on with one in it.
 *
 * @module
 */

export interface RequestLike {
  readonly method: string;
  readonly url?: string;
  readonly headers?: { get(name: string): string | null };
  readonly signal?: AbortSignal;
}

/** What scrapes a page: a `Request`, or a Hono context. */
export type ScrapeRequest =
  | RequestLike
  | { readonly req: { readonly method: string; readonly raw?: RequestLike }; readonly env?: unknown };

/** Finds the request, and what its server passed beside it. */
export function requestOf(
  given: ScrapeRequest | undefined,
  beside: unknown,
): { readonly request: RequestLike | undefined; readonly platform: unknown } {
  const isContext = given !== undefined && "req" in given;
  return isContext
    ? { request: given.req.raw ?? given.req, platform: given.env }
    : { request: given, platform: beside };
}
