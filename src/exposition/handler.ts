/**
 * The page as an HTTP response.
 *
 * @module
 */

import { textContentType } from "./text.ts";

/** A request as far as the page needs it: a `Request`, or a Hono context. */
export type ScrapeRequest = { readonly method: string } | { readonly req: { readonly method: string } };

/**
 * Makes a handler for `/metrics`.
 *
 * @param render Makes the page.
 * @returns The handler. It answers GET and HEAD, whatever the path; every other method is 405.
 */
export function pageHandler(render: () => Promise<string>): (request?: ScrapeRequest) => Promise<Response> {
  return async (request) => {
    const method = request === undefined ? "GET" : "req" in request ? request.req.method : request.method;
    const headers = { "content-type": textContentType, "cache-control": "no-store" };
    if (method === "HEAD") return new Response(null, { headers });
    if (method === "GET") return new Response(await render(), { headers });
    return new Response("Method Not Allowed\n", {
      status: 405,
      headers: { allow: "GET, HEAD", "content-type": "text/plain; charset=utf-8" },
    });
  };
}
