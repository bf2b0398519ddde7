/**
 * Whom a request came from.
 *
 * @module
 */

/**
 * Tells the other end of a request's connection.
 *
 * @param request The request as the server made it.
 * @param platform What the server passed beside it.
 * @returns The address; undefined where the server does not tell.
 */
export function remoteAddress(request: unknown, platform: unknown): string | undefined {
  if (typeof platform !== "object" || platform === null) return undefined;
  const { incoming, remoteAddr, requestIP } = platform as {
    /** `@hono/node-server`, and our own server on Node. */
    incoming?: { socket?: { remoteAddress?: string } };
    /** Deno's serve info. */
    remoteAddr?: { hostname?: string };
    /** Bun's server. */
    requestIP?(this: unknown, request: unknown): { address: string } | null;
  };
  if (incoming) return incoming.socket?.remoteAddress;
  if (remoteAddr) return remoteAddr.hostname;
  return typeof requestIP === "function" ? requestIP.call(platform, request)?.address : undefined;
}
