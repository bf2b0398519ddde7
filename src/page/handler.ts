/**
 * The page as an HTTP response.
 *
 * @module
 */

import { headResponse } from "./head_response.ts";
import { makeBody } from "./body.ts";
import { EncodedChunks } from "./encoded_chunks.ts";
import type { Guard } from "./guard.ts";
import { isInside } from "./internal_request.ts";
import type { Format } from "../formats/format.ts";
import { FormattedPage } from "../formats/formatted_page.ts";
import { gather, type GatherSource } from "../gather/gather.ts";
import { acceptsGzip, negotiateFormat } from "./negotiation.ts";
import { expositionOptions } from "./option_table.ts";
import type { ExpositionOptions } from "./options.ts";
import { withDefaults } from "../check.ts";
import { Places } from "./scrape_places.ts";
import { statusTexts } from "./status_texts.ts";
import { queryOf } from "./query.ts";
import { type RequestLike, requestOf, type ScrapeRequest } from "./scrape_request.ts";

/**
 * Answers scrapes.
 *
 * @param request The request, or a Hono context; without one it is taken for a GET.
 * @param platform What the server passed beside the request; it tells the other end's address.
 * @returns The page, or why there is none.
 */
export type PageHandler = (request?: ScrapeRequest, platform?: unknown) => Promise<Response>;

export interface HandlerOptions
  extends Pick<ExpositionOptions, "maxConcurrentScrapes" | "collectTimeoutSeconds" | "created" | "compress"> {
  /** Who may read the page; undefined for everybody. */
  readonly guard?: Guard | undefined;
  /** Is the page switched off? Who asks from outside then finds none. */
  readonly isOff?: boolean;
}

/**
 * Makes a handler for `/metrics`.
 *
 * @param source Where the numbers are; asked at each scrape.
 * @returns The handler. It answers GET and HEAD, whatever the path; every other method is 405.
 */
export function pageHandler(source: () => GatherSource, options: HandlerOptions = {}): PageHandler {
  const { guard, isOff } = options;
  const { maxConcurrentScrapes, collectTimeoutSeconds, created, compress } = withDefaults<ExpositionOptions>(
    expositionOptions,
    options,
  ) as Required<ExpositionOptions>;
  const places = new Places(maxConcurrentScrapes);

  async function page(request: RequestLike | undefined, query: URLSearchParams, format: Format): Promise<Response> {
    const gatherSource = source();
    const { runtime, core } = gatherSource;
    const begin = runtime.now();
    const place = places.take(begin);
    if (!place) return plain(503, { "retry-after": "1" });
    // Prometheus says how long it waits for the page; what comes later than that is lost with all the rest.
    const asked = Number(headerOf(request, "x-prometheus-scrape-timeout-seconds")) * 0.8;
    const timeoutSeconds = asked > 0 ? Math.min(asked, collectTimeoutSeconds) : collectTimeoutSeconds;
    try {
      const gathered = await gather(gatherSource, {
        timeoutSeconds,
        longestSeconds: collectTimeoutSeconds,
        names: query.getAll("name[]"),
        isAlone: query.get("copy") === "self",
        withStarts: format.name === "protobuf" || (format.name === "openmetrics" && created),
      });
      const page = new FormattedPage(gathered, {
        format,
        created,
        failed: (name) => core?.self.fail(`metric:${name}`),
      });
      const took = runtime.now() - begin;
      const chunks = new EncodedChunks(runtime, page.pieces());
      const { content, isGzip } = await makeBody(chunks, {
        runtime,
        gzip: compress && !runtime.compressesItself && acceptsGzip(headerOf(request, "accept-encoding")),
        // Where it does not tell, the stream is cancelled in any case.
        signal: runtime.signalTellsAbort ? request?.signal : undefined,
        place,
        onEnd(bytes, isWhole) {
          if (isWhole) core?.self.finishedPage(took + chunks.seconds, page.series, bytes);
        },
      });
      return new Response(content, { headers: headersOf(format, isGzip) });
    } catch {
      // Nothing of ours is known to throw here. What does anyway may tell of the app, and is nobody's business outside.
      place.free();
      return plain(500);
    }
  }

  return async (given, beside) => {
    const { request, platform } = requestOf(given, beside);
    const method = request?.method ?? "GET";
    const isHead = method === "HEAD";
    const isOwn = isInside(request);
    if (isOff && !isOwn) return plain(404, {}, isHead);
    if (method !== "GET" && !isHead) return plain(405, { allow: "GET, HEAD" });
    const { status, challenge } = isOwn ? {} : await guard?.(request, platform) ?? {};
    if (status) return plain(status, challenge ? { "www-authenticate": challenge } : {}, isHead);
    const query = queryOf(request?.url);
    const format = negotiateFormat(headerOf(request, "accept"), query.get("format"));
    return isHead ? headResponse({ headers: headersOf(format) }) : page(request, query, format);
  };
}

function headerOf(request: RequestLike | undefined, name: string): string | null {
  return request?.headers?.get(name) ?? null;
}

function plain(status: number, headers: Record<string, string> = {}, isHead = false): Response {
  const init = {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  };
  return isHead ? headResponse(init) : new Response(`${statusTexts[status]}\n`, init);
}

function headersOf({ contentType }: Format, isGzip = false): Record<string, string> {
  return {
    "content-type": contentType,
    "cache-control": "no-store",
    vary: "Accept, Accept-Encoding",
    ...(isGzip && { "content-encoding": "gzip" }),
  };
}
