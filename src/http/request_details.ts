/**
 * What is known of a request beyond its status and duration.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import { bytesOf, readBody } from "./body.ts";
import { doubted, listened } from "./exchange_state.ts";
import { MessageBytes } from "./outgoing_message.ts";
import type { RequestInfo } from "./info.ts";
import type { ResponseEnd } from "./response_end.ts";
import type { ServerContext } from "./server_context.ts";

const quickSeconds = 0.002; // no client leaves faster

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
 * @param context What the server passed beside the request.
 * @returns Nothing known yet.
 */
export function beginDetails(
  wanted: { readonly measuresSizes: boolean },
  context: ServerContext | undefined,
): RequestDetails {
  return {
    response: undefined,
    headDurationSeconds: Number.NaN,
    requestBytes: Number.NaN,
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
  recorder: { readonly runtime: Runtime; readonly measuresSizes: boolean; wantsBody(route: string): boolean },
  route: string,
): void {
  const wantsBody = recorder.wantsBody(route);
  details.response = response;
  if (details.written) details.written.keeps = wantsBody;
  else if (end === "answer" || end === "server") {
    const ready = stream === undefined ? recorder.runtime.readyBody?.(response) : undefined;
    if (ready === undefined) noteBody(details, response, stream, recorder, wantsBody);
    else noteBytes(details, bytesOf(ready)!, wantsBody);
  }
}

function noteBytes(details: RequestDetails, bytes: Uint8Array, keeps: boolean): void {
  details.responseBytes = bytes.byteLength;
  if (keeps) details.body = bytes.slice();
}

/** Notes a body that is no stream to be watched: its size, or a copy of it, so that the response stays what it is. */
function noteBody(
  details: RequestDetails,
  response: Response,
  body: ReadableStream | null | undefined,
  { runtime, measuresSizes }: { readonly runtime: Runtime; readonly measuresSizes: boolean },
  wantsBody: boolean,
): void {
  if (body === null) noteBytes(details, new Uint8Array(), wantsBody);
  // A copy of what `fetch()` answered would be another answer.
  if (body !== undefined || response.url !== "" || (!measuresSizes && !wantsBody)) return;
  const length = contentLength(headerOf(response, "content-length"));
  if (!wantsBody && !Number.isNaN(length)) {
    details.responseBytes = length;
    return;
  }
  details.reading = readBody(runtime, response, wantsBody).then((read) => {
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

/** The size of a request's body, where it is told. A request that the runtime has let go of tells nothing more. */
export function requestBytesOf(
  request: Request | undefined,
  method: string,
  server: ServerContext | undefined,
): number {
  let length = Number.NaN;
  try {
    const headers = server?.incoming?.headers;
    length = contentLength(headers ? headers["content-length"] : request?.headers.get("content-length"));
  } catch {
    // On Deno it throws.
  }
  // Without a length these two have no body; what the others have is not known then.
  return Number.isNaN(length) && (method === "GET" || method === "HEAD") ? 0 : length;
}

/** A request that was answered, as far as its client's leaving is concerned. */
interface AnsweredExchange {
  readonly request: Request | undefined;
  readonly state: number;
  readonly status: number;
  readonly trace: string | null | undefined;
  readonly answeredSeconds: number;
  readonly series: { readonly recorder: { readonly runtime: Runtime } };
}

/**
 * Tells whether the client left while its answer was made. A signal costs 0.3 µs to ask, so that of a request which took no
 * longer than a client needs to leave is not asked. On Deno asking halves throughput, and the signal aborts on every success:
 * there it is asked of what fails before anybody listens, as a handler that heeds it does, while nothing is sent.
 */
export function hasLeft(exchange: AnsweredExchange, durationSeconds: number): boolean {
  if (exchange.state & doubted) return true;
  if (!(durationSeconds > quickSeconds)) return false;
  const { request, state, status, trace, answeredSeconds, series: { recorder: { runtime } } } = exchange;
  // A body that is followed has the seconds of its answer, and what the server has refused is not to be looked at.
  const isUnsentError = status >= 500 && !(state & listened) && Number.isNaN(answeredSeconds) && trace !== null;
  if (!isUnsentError && runtime.signalTellsAbort !== true) return false;
  try {
    return request?.signal.aborted === true;
  } catch {
    return false; // an app may be asked with anything
  }
}

/** The headers of somebody's own class may throw. */
export function headerOf(response: Response, name: string): string | null {
  try {
    return response.headers.get(name);
  } catch {
    return null;
  }
}

function contentLength(text: string | readonly string[] | null | undefined): number {
  return typeof text === "string" && /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
