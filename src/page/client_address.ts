/**
 * Whom a request came from.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { mayBeServers, serverContextOf } from "../http/server_context.ts";

/** Tells the other end of a request's connection. Returns undefined where the server does not tell. */
export function remoteAddress(request: unknown, platform: unknown): string | undefined {
  // Somebody else's object may throw when it is looked at.
  return asked(() => {
    const server = serverContextOf(request as Request | undefined, platform) ?? (mayBeServers(platform) && platform);
    const { incoming, remoteAddr, requestIP } = server as {
      /** `@hono/node-server`, srvx, and our own server on Node. */
      incoming?: { socket?: { remoteAddress?: string } };
      /** Deno's serve info. */
      remoteAddr?: { hostname?: string };
      /** Bun's server. */
      requestIP?(request: unknown): { address: string } | null;
    };
    if (incoming) return incoming.socket?.remoteAddress;
    if (remoteAddr) return remoteAddr.hostname;
    return typeof requestIP === "function" ? requestIP.call(server, request)?.address : undefined;
  });
}
