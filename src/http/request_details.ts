/**
 * What is known of a request beyond its status and duration.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import { responseHeader } from "./body.ts";
import { bytesOf } from "./bytes.ts";
import type { ExchangeRecorder, RequestDetails, RequestUnderWay } from "./exchange_recorder.ts";
import type { Outcome, RequestInfo } from "./request_info.ts";
import { countBytes } from "./outgoing_message.ts";
import { headerOf } from "./request.ts";
import type { ResponseEnd } from "./response_end.ts";
import type { ServerContext } from "./server_context.ts";

/** Begins what is kept of a request, of which nothing is known yet; undefined where nobody wants it. */
export function beginDetails(
  { needsDetails, measuresSizes }: ExchangeRecorder,
  context: ServerContext | undefined,
): RequestDetails | undefined {
  if (!needsDetails) return undefined;
  return {
    response: undefined,
    headDurationSeconds: Number.NaN,
    requestBytes: Number.NaN,
    responseBytes: Number.NaN,
    body: undefined,
    reading: undefined,
    written: measuresSizes && context?.outgoing ? countBytes(context.outgoing) : undefined,
  };
}

/** Notes what passed of a response's body, and the body where it was kept. */
export function noteBytes(
  { details }: Pick<RequestUnderWay, "details">,
  responseBytes: number,
  body?: Uint8Array,
): void {
  if (details) Object.assign(details, { responseBytes, body, reading: undefined });
}

/**
 * Notes a response as it is answered. Of a body that is no stream to be watched that is its size, or a copy of it, so that
 * the response stays what it is; Node's message will tell its size by itself.
 */
export function noteResponse(
  exchange: RequestUnderWay,
  response: Response,
  stream: ReadableStream | null | undefined,
  end: ResponseEnd,
): void {
  const { details, series: { recorder, route } } = exchange;
  if (!details) return;
  details.response = response;
  const keeps = recorder.wantsBody(route);
  if (details.written) details.written.keeps = keeps;
  if (details.written || (end !== "answer" && end !== "server")) return;
  const whole = stream === null ? "" : stream === undefined ? recorder.runtime.readyBody?.(response) : undefined;
  const bytes = bytesOf(whole);
  if (bytes) return noteBytes(exchange, bytes.byteLength, keeps ? bytes.slice() : undefined);
  // A copy of what `fetch()` answered would be another answer.
  if (stream !== undefined || response.url !== "" || !recorder.measuresSizes) return;
  const length = contentLength(responseHeader(response, "content-length"));
  if (!keeps && length === length) details.responseBytes = length;
  else details.reading = noteCopy(details, recorder.runtime, response, keeps);
}

/** Reads a copy of a body: its size alone, or the bytes as well. A file is only looked at, where that is possible. */
async function noteCopy(
  details: RequestDetails,
  { copyBody }: Runtime,
  response: Response,
  keeps: boolean,
): Promise<void> {
  try {
    const copy = await (copyBody ? copyBody(response) : response.clone().blob());
    const body = keeps ? await copy?.arrayBuffer?.() : undefined;
    if (copy) details.responseBytes = copy.size;
    if (body) details.body = new Uint8Array(body);
  } catch {
    // What cannot be read has no size that is known.
  }
}

/** Notes the size of a request's body, where it is told. A request that the runtime has let go of tells nothing more. */
export function noteRequest({ details, request, context, series: { recorder, method } }: RequestUnderWay): void {
  if (!recorder.measuresSizes) return;
  const headers = context?.incoming?.headers;
  const length = contentLength(headers ? headers["content-length"] : headerOf(request, "content-length"));
  // Without a length these two have no body; what the others have is not known then.
  details!.requestBytes = length !== length && (method === "GET" || method === "HEAD") ? 0 : length;
}

function contentLength(text: string | readonly string[] | null | undefined): number {
  return typeof text === "string" && /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** What own observers are told of a request. */
export function infoOf(
  { request, series: { method, route }, details }: RequestUnderWay,
  status: string,
  outcome: Outcome,
  durationSeconds: number,
): RequestInfo {
  const { response, headDurationSeconds, requestBytes, responseBytes, body } = details!;
  return {
    request: request!,
    response,
    method,
    route,
    status,
    outcome,
    durationSeconds: known(durationSeconds),
    headDurationSeconds: known(headDurationSeconds),
    requestBytes: known(requestBytes),
    responseBytes: known(responseBytes),
    body,
  };
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
