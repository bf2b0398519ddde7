/**
 * How the end of a response becomes known.
 *
 * @module
 */

/** What a socket's buffer takes in any case, in bytes: Linux begins with 16 KiB. Node is done with it at once. */
const socketBufferBytes = 16_384;

/** The status of a connection that goes on as a WebSocket. */
export const switchingProtocols = 101;

/** What a response's body is: not there, sent in one go, read piece by piece, or read by somebody already. */
export type BodyKind = "none" | "ready" | "stream" | "taken";

/**
 * Who tells that a response is over.
 *
 * - `upgrade`: the connection goes on as a WebSocket, and is counted when it opens.
 * - `answer`: the response is over with the answer.
 * - `turn`: Node's message has taken it whole when this turn of the loop is over.
 * - `message`: Node's message tells when it closes.
 * - `body`: whoever reads the body tells.
 * - `server`: the server tells when it is asked.
 */
export type ResponseEnd = "upgrade" | "answer" | "turn" | "message" | "body" | "server";

export interface AnswerFacts {
  readonly status: number;
  /** Was the connection upgraded, though the status does not say so? */
  readonly isUpgrade: boolean;
  readonly body: BodyKind;
  /** How long a ready body is, in bytes or characters; undefined where that cannot be told for nothing. */
  readonly readyLength: number | undefined;
  /** Is the response sent through a message of Node's? */
  readonly hasMessage: boolean;
  /** Can a server be asked whether it has sent the response? */
  readonly asksServer: boolean;
  readonly isListening: boolean;
  readonly wantsSize: boolean;
}

export function responseEnd(facts: AnswerFacts): ResponseEnd {
  const { status, isUpgrade, body, readyLength, hasMessage, asksServer, isListening, wantsSize } = facts;
  // Where there is a message it tells what became of that: a connection that was handed over has none.
  if (isUpgrade || (status === switchingProtocols && !hasMessage)) return "upgrade";
  const isSmall = body === "ready" && readyLength !== undefined && readyLength <= socketBufferBytes;
  if (!hasMessage) {
    if (body === "stream") return "body";
    return body === "ready" && !isSmall && asksServer ? "server" : "answer";
  }
  if (isListening || wantsSize) return "message";
  return body === "none" || isSmall ? "turn" : "message";
}

/** Has an answer no body, whatever its handler made for it? */
export function isEmptyAnswer(method: string | undefined, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 304;
}
