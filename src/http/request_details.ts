/**
 * What is known of a request beyond its status and duration.
 *
 * @module
 */

import { readBody } from "./body.ts";
import { MessageBytes } from "./outgoing_message.ts";
import type { RequestInfo } from "./info.ts";
import type { ResponseEnd } from "./response_end.ts";
import type { ServerContext } from "./server_context.ts";

/**
 * The rest of what is known, kept only where a metric or observer wants it. Numbers are in seconds and bytes, and
 * NaN where one is not known.
 */
export interface RequestDetails {
  response: Response | undefined;
  headDurationSeconds: number;
  requestBytes: number;
  responseBytes: number;
  body: Uint8Array | undefined;
  /** A ready body whose size is being read; the request is counted when it is known. */
  reading: Promise<void> | undefined;
  /** What was written to Node's message; undefined where there is none. */
  written: MessageBytes | undefined;
}

/**
 * Begins what is kept of a request.
 *
 * @param wanted Whether sizes are wanted.
 * @param request The request.
 * @param method Its method.
 * @param server What the server passed beside it; Node's headers are cheaper there.
 * @returns The size of its body where it is told, and everything else not known yet.
 */
export function beginDetails(
  wanted: { readonly measuresSizes: boolean },
  request: Request,
  method: string,
  context: ServerContext | undefined,
): RequestDetails {
  return {
    response: undefined,
    headDurationSeconds: Number.NaN,
    requestBytes: wanted.measuresSizes ? requestBytesOf(request, method, context) : Number.NaN,
    responseBytes: Number.NaN,
    body: undefined,
    reading: undefined,
    written: wanted.measuresSizes && context?.outgoing ? new MessageBytes(context.outgoing) : undefined,
  };
}

/** Notes a response as it is answered; Node's message will tell its size by itself. */
export function noteResponse(
  details: RequestDetails,
  response: Response,
  stream: ReadableStream | null | undefined,
  end: ResponseEnd,
  recorder: { readonly measuresSizes: boolean; wantsBody(route: string): boolean },
  route: string,
): void {
  const wantsBody = recorder.wantsBody(route);
  details.response = response;
  if (details.written) details.written.keeps = wantsBody;
  else if (end === "answer") noteBody(details, response, stream, recorder.measuresSizes, wantsBody);
}

/** Notes a body that is no stream to be watched: its size, or a copy of it, so that the response stays what it is. */
function noteBody(
  details: RequestDetails,
  response: Response,
  body: ReadableStream | null | undefined,
  wantsSize: boolean,
  wantsBody: boolean,
): void {
  if (body === null) {
    details.responseBytes = 0;
    if (wantsBody) details.body = new Uint8Array();
  }
  if (body !== undefined || (!wantsSize && !wantsBody)) return;
  const length = contentLength(response.headers.get("content-length"));
  if (!wantsBody && !Number.isNaN(length)) {
    details.responseBytes = length;
    return;
  }
  details.reading = readBody(response, wantsBody).then((read) => {
    details.responseBytes = read.bytes;
    details.body = read.body;
  }, () => {});
}

/**
 * Tells a number to own observers.
 *
 * @param value The number; NaN where it is not known.
 * @returns The same; undefined where it is not known.
 */
export function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

/**
 * Tells details to own observers.
 *
 * @param details What is kept of a request.
 * @returns What is known of it.
 */
export function knownDetails(
  { response, headDurationSeconds, requestBytes, responseBytes, body }: RequestDetails,
): Pick<RequestInfo, "response" | "headDurationSeconds" | "requestBytes" | "responseBytes" | "body"> {
  return {
    response,
    headDurationSeconds: known(headDurationSeconds),
    requestBytes: known(requestBytes),
    responseBytes: known(responseBytes),
    body,
  };
}

function requestBytesOf(request: Request, method: string, server: ServerContext | undefined): number {
  const headers = server?.incoming?.headers;
  const length = contentLength(headers ? headers["content-length"] : request.headers.get("content-length"));
  // Without a length these two have no body; what the others have is not known then.
  return Number.isNaN(length) && (method === "GET" || method === "HEAD") ? 0 : length;
}

function contentLength(text: string | readonly string[] | null | undefined): number {
  return typeof text === "string" && /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
