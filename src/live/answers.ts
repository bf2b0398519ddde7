/**
 * What the one route answers, by its query.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { acceptsGzip } from "../page/negotiation.ts";
import type { MonitorAccess } from "../monitor/access.ts";
import { queryOf } from "../page/query.ts";
import type { RequestLike } from "../page/scrape_request.ts";
import { Compression, through } from "./compression.ts";
import { CopyPages } from "./copies.ts";
import type { FindingsReport } from "./finding.ts";
import type { CopiesTold } from "./message.ts";
import type { LiveStalls } from "./options.ts";
import { ownSeries } from "./own_series.ts";
import { commonHeaders, textResponse } from "./text_response.ts";
import type { Recording } from "./recording.ts";
import { Report } from "./report.ts";
import { StallList } from "./stall_list.ts";
import { type LiveRefusal, refusalOf } from "./guard.ts";

export interface AnswerSources {
  readonly core: Core;
  readonly access: MonitorAccess;
  readonly recording: Recording;
  /** What the app's recorder of stalls keeps, and what we keep ourselves. */
  readonly given: LiveStalls | undefined;
  readonly own: LiveStalls;
  readonly title: string | undefined;
  readonly isPublic: boolean;
}

/** How much of a query is read, in characters: cursors of all copies have room in it. */
const longestQuery = 2048;

/** How many texts of several copies are kept for viewers who ask the same. */
const mostTexts = 16;

export class Answers {
  readonly #sources: AnswerSources;
  readonly #report: Report;
  readonly #stalls: StallList;
  readonly #compression: Compression;
  readonly #copies: CopyPages;
  readonly #texts = new Map<string, Promise<string>>();
  #reading = 0;

  constructor(sources: AnswerSources) {
    const { core, given, own, recording } = sources;
    this.#sources = sources;
    this.#stalls = new StallList(core, given, own, recording.beganAt);
    this.#report = new Report({ ...sources, stalls: this.#stalls });
    this.#compression = new Compression(core.runtime);
    this.#copies = new CopyPages(core, (query) => this.own(query));
  }

  /** Says why a request is refused; undefined where it may look. */
  refusal(request: RequestLike | undefined, platform: unknown): Promise<LiveRefusal | undefined> {
    const { access, isPublic } = this.#sources;
    return refusalOf(access, isPublic, request, platform);
  }

  async answer(url: string | undefined, acceptEncoding: string | null): Promise<Response> {
    const query = queryOf(url, longestQuery);
    const gzip = this.#sources.access.compress && acceptsGzip(acceptEncoding);
    if (!kinds.some((kind) => query.has(kind))) return await this.#document(gzip);
    const text = await this.#text(query);
    if (text === undefined) return textResponse(404);
    const headers = query.has("profile") && { "content-disposition": 'attachment; filename="stall.cpuprofile"' };
    const body = gzip ? await this.#compression.text(text) ?? text : text;
    return respond(body, { "content-type": "application/json", ...commonHeaders, ...headers });
  }

  /** What this copy alone tells, as JSON; undefined where there is nothing of that name. */
  async own(query: URLSearchParams): Promise<string | undefined> {
    const { access } = this.#sources;
    const stalls = this.#stalls;
    const report = this.#report;
    const [since, stall, profile, series] = ["since", "stall", "profile", "series"].map((name) => query.get(name));
    if (typeof since === "string") return report.since(since);
    if (query.get("format") === "json") return JSON.stringify(report.findings());
    if (typeof series === "string") return JSON.stringify(await ownSeries(access, series));
    if (typeof profile === "string") return stalls.profile(profile);
    const frames = typeof stall === "string" ? stalls.frames(stall) : undefined;
    return frames && JSON.stringify({ frames });
  }

  async #document(gzip: boolean): Promise<Response> {
    // Whoever waits for the loop comes between what is loaded and what is done with it.
    const { nextTurn } = this.#sources.core.runtime;
    const turn = (): unknown => nextTurn && new Promise<void>((resolve) => nextTurn(resolve));
    await turn();
    // Its texts are of some 50 KB, and a copy that other copies alone ask has no need of them.
    const { documentHeaders, gzipDocument, makeNonce } = await import("./document.ts");
    await turn();
    const nonce = makeNonce();
    const bytes = gzipDocument(nonce);
    if (gzip) return respond(bytes, documentHeaders(nonce));
    const text = new TextDecoder().decode(await through(new DecompressionStream("gzip"), bytes));
    return respond(text, documentHeaders(nonce));
  }

  async #text(query: URLSearchParams): Promise<string | undefined> {
    const copy = query.get("copy");
    if (copy === null) return await this.own(query);
    query.delete("copy");
    if (copy !== "all") return await this.#copies.one(copy, query);
    const reading = this.#report.readings;
    if (this.#reading !== reading || this.#texts.size >= mostTexts) this.#texts.clear();
    this.#reading = reading;
    const key = String(query);
    const text = this.#texts.get(key) ?? this.#copies.all(query);
    this.#texts.set(key, text);
    return query.has("format") ? findingsOfAll(await text) : await text;
  }
}

const kinds = ["since", "format", "series", "stall", "profile"] as const;

/** The findings of all copies, each with the name of its copy, the worst severity, and which copies did not answer. */
function findingsOfAll(text: string): string {
  const { copies } = JSON.parse(text) as CopiesTold<FindingsReport>;
  const findings = copies.flatMap(({ name, told }) => told?.findings.map((each) => ({ copy: name, ...each })) ?? []);
  const severity = Math.max(0, ...copies.map(({ told }) => told?.severity ?? 0));
  const silent = copies.filter(({ told }) => !told).map(({ name }) => name);
  return JSON.stringify({ severity, findings, silent });
}

function respond(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Response {
  const isGzip = typeof body !== "string";
  return new Response(body, { headers: { ...headers, ...(isGzip && { "content-encoding": "gzip" }) } });
}
