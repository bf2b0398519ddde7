/**
 * What a request tells of itself; an app may be asked with anything, and answers that as it likes.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import type { Runtime } from "../runtime/shim.ts";

/** Tells the method of a request; empty where there is none. */
export function methodOf(request: Request | undefined): string {
  try {
    return String(request?.method);
  } catch {
    return "";
  }
}

/**
 * Tells the path of a request, whatever its client says of the host: Deno 2.9 writes that into the URL as it is, so that a
 * host of `x/metrics?` would move the path, and Bun 1.4 leaves no more than the path where there is no proper host.
 *
 * @param request The request, or whatever an app is asked with.
 * @param requestHeader The runtime's own way to a header.
 * @returns The path, without the query; empty where there is none.
 */
export function pathOf(request: Request, requestHeader?: Runtime["requestHeader"]): string {
  try {
    const { url } = request;
    let at = 0;
    if (!url.startsWith("/")) {
      at = url.indexOf("//") + 2;
      const host = requestHeader ? requestHeader(request, "host") : request.headers.get("host");
      if (host && url.startsWith(host, at)) at += host.length;
      while (at < url.length && !"/?#\\".includes(url[at]!)) at++;
    }
    return new URL(`http://localhost${url.slice(at)}`).pathname;
  } catch {
    return "";
  }
}

/** A path as a client writes it, whose letters beyond ASCII are encoded. */
export function writtenPath(path: string): string {
  return new URL(`http://localhost${path}`).pathname;
}

/**
 * Was a request sent to the path at which a framework sees it? Frameworks take the path of the URL as it is, where Deno has
 * written the host into it, such as `x/metrics?`; and Hono decodes it, so that `/%6detrics` is `/metrics` there, but not to a
 * proxy or guard that compares texts.
 */
export function isSentTo(path: string, request: Request): boolean {
  const written = writtenPath(path);
  return asked(() => {
    if (/[/?#\\]/.test(request.headers?.get("host") ?? "")) return pathOf(request) === written;
    // An app may have its own way to a path, which may begin with the host, or end before a slash.
    return request.url.split(/[?#]/, 1)[0]!.includes(written);
  }) === true;
}

/**
 * Tells a header of a request, of which the runtime may have let go: on Deno that throws.
 *
 * @param requestHeader The runtime's own way to a header.
 */
export function headerOf(
  request: Request | undefined,
  name: string,
  requestHeader?: Runtime["requestHeader"],
): string | null | undefined {
  try {
    return request && requestHeader ? requestHeader(request, name) : request?.headers.get(name);
  } catch {
    return undefined;
  }
}
