/**
 * What a handler has answered, and who tells that it is over.
 *
 * @module
 */

import { bodyKindOf, isEventStream, streamOf } from "./body.ts";
import type { RequestUnderWay } from "./exchange_recorder.ts";
import { statusOf, timeOf, told } from "./exchange_state.ts";
import { isHandedOver } from "./handed_over.ts";
import { followBody, followReady } from "./followed_body.ts";
import { isGone } from "./outgoing_message.ts";
import { noteResponse } from "./request_details.ts";
import { isEmptyAnswer, responseEnd, switchingProtocols } from "./response_end.ts";
import { isUpgrade } from "./server_context.ts";
import { hasSpans, noteTrace } from "./trace.ts";

/** The status of a response; undefined of what has none, or throws when it is asked: what its server makes of that is its affair. */
export function readStatus(response: Response | undefined): number | undefined {
  try {
    const status: unknown = response?.status;
    return typeof status === "number" ? status : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Notes the response that a handler made: finds out who tells its end, and answers the one to send.
 *
 * @param isLast Nobody around the handler can have answered before.
 * @param at When it was made; NaN where that is not known.
 */
export function noteAnswer(
  exchange: RequestUnderWay,
  response: Response,
  route: string | undefined,
  isLast: boolean,
  at: number,
): Response {
  const { context, series: { recorder, method } } = exchange;
  const { runtime } = recorder;
  const outgoing = context?.outgoing;
  if (isHandedOver(exchange, route)) return response;
  const sent = isLast ? sentStatus(exchange, response) : undefined;
  const status = sent ?? statusOf(response.status); // Response.error(), which no server can send, has 0
  // What is made for these is thrown away unread; what its server refuses must not be looked at.
  const stream = isEmptyAnswer(method, status) || status < 0 ? null : streamOf(recorder, response);
  const body = bodyKindOf(stream);
  // What somebody else reads cannot be sent as well.
  if (status < 0 || (sent !== undefined && body === "taken")) {
    refused(exchange, status < 0 ? -status : 500, route, at);
    return response;
  }
  const isUpgraded = stream === null && isUpgrade(exchange.request!, context, status);
  exchange.head(isUpgraded ? switchingProtocols : status, route, at);
  const end = responseEnd({
    status,
    isUpgrade: isUpgraded,
    body,
    readyLength: stream === undefined ? runtime.readyLength?.(response) : undefined,
    hasMessage: outgoing !== undefined,
    asksServer: context !== undefined && runtime.followSent !== undefined,
    isListening: (exchange.state & told) !== 0,
    wantsSize: recorder.measuresSizes,
  });
  noteResponse(exchange, response, stream, end);
  switch (end) {
    case "upgrade":
      exchange.end(switchingProtocols, undefined, at);
      break;
    case "message":
      // Server-sent events go on for as long as the client likes.
      if (stream && isEventStream(response, runtime)) exchange.open();
      exchange.listen();
      break;
    case "turn":
      if (isGone(outgoing!)) exchange.over("aborted", at);
      else lookLater(exchange, at);
      break;
    case "body":
      return followBody(exchange, response, stream!, at);
    case "server":
      if (hasSpans()) noteTrace(exchange);
      if (!followReady(exchange)) exchange.over("completed", at);
      break;
    case "answer":
      exchange.over("completed", at);
  }
  return response;
}

/** The status that a server without messages sends for an answer; below 0 where that is another answer. */
export function sentStatus(
  { context, series: { recorder, method } }: RequestUnderWay,
  answer: unknown,
): number | undefined {
  return context && !context.outgoing ? recorder.runtime.sentStatus?.(answer, method, context) : undefined;
}

/** Ends it with what is sent instead, once the server has refused: on Deno a look at the request would end the process. */
export function refused(exchange: RequestUnderWay, status: number, route: string | undefined, at: number): void {
  if (!exchange.context || exchange.context.outgoing) return exchange.end(status, route, at);
  exchange.trace = null;
  Promise.resolve().then(() => exchange.end(status, route, at));
}

/** Looks at the message when this turn is over. */
export function lookLater(exchange: RequestUnderWay, at: number): void {
  exchange.answeredAt = timeOf(exchange, at);
  exchange.series.recorder.lookAfterTurn(exchange);
}
