/**
 * What the one route answers, by its query.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { acceptsGzip } from "../page/negotiation.ts";
import { Compression } from "./compression.ts";
import { commonHeaders, documentHeaders, documentPieces, makeNonce } from "./document.ts";
import type { Report } from "./report.ts";
import type { StallList } from "./stall_list.ts";

/** What answers are made of. */
export interface AnswerSources {
  readonly core: Core;
  readonly report: Report;
  readonly stalls: StallList;
  /** Whether answers may be compressed. */
  readonly compress: boolean;
}

/** How much of a query is read, in characters. */
const longestQuery = 1024;

/** Writes the answers. */
export class Answers {
  readonly #sources: AnswerSources;
  readonly #compression: Compression;

  /** Makes what answers. */
  constructor(sources: AnswerSources) {
    this.#sources = sources;
    this.#compression = new Compression(sources.core.runtime);
  }

  /** Answers a GET. */
  async answer(url: string | undefined, acceptEncoding: string | null): Promise<Response> {
    const { report, stalls, compress } = this.#sources;
    const query = queryOf(url);
    const gzip = compress && acceptsGzip(acceptEncoding);
    const id = query.get("profile") ?? query.get("stall");
    if (query.has("since")) return await this.#json(report.since(query.get("since")!), gzip);
    if (query.get("format") === "json") return await this.#json(JSON.stringify(report.findings()), gzip);
    if (id === null) return await this.#document(gzip);
    if (query.has("stall")) {
      const frames = stalls.frames(id);
      return frames ? await this.#json(JSON.stringify({ frames }), gzip) : plain(404);
    }
    const profile = stalls.profile(id);
    if (profile === undefined) return plain(404);
    return await this.#json(profile, gzip, { "content-disposition": 'attachment; filename="stall.cpuprofile"' });
  }

  async #document(gzip: boolean): Promise<Response> {
    const nonce = makeNonce();
    const pieces = documentPieces(nonce);
    return respond(gzip ? await this.#compression.pieces(pieces) : pieces.join(""), documentHeaders(nonce));
  }

  async #json(text: string, gzip: boolean, headers: Record<string, string> = {}): Promise<Response> {
    const body = gzip ? await this.#compression.text(text) ?? text : text;
    return respond(body, { "content-type": "application/json", ...commonHeaders, ...headers });
  }
}

const reasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** An answer of a few words. */
export function plain(status: number, headers: Record<string, string> = {}): Response {
  const body = `${reasons[status]}\n`;
  return new Response(body, {
    status,
    headers: { ...commonHeaders, "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

function respond(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Response {
  const isGzip = typeof body !== "string";
  return new Response(body, { headers: { ...headers, ...(isGzip && { "content-encoding": "gzip" }) } });
}

function queryOf(url: string | undefined): URLSearchParams {
  const at = url?.indexOf("?") ?? -1;
  return new URLSearchParams(at < 0 ? "" : url!.slice(at + 1, at + 1 + longestQuery).split("#", 1)[0]);
}
