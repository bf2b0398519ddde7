/**
 * What Node's outgoing message tells of a response.
 *
 * @module
 */

import { bytesOf, concatenated } from "./bytes.ts";
import type { Outcome } from "./request_info.ts";
import { isEmptyAnswer } from "./response_end.ts";
import type { IncomingLike, OutgoingLike } from "./server_context.ts";

/** Is the message over, answered or not? */
export function isGone(outgoing: OutgoingLike): boolean {
  return Boolean(outgoing.closed || outgoing.destroyed || outgoing.stream?.closed);
}

/** Does a message that was listened to tell its end? One that is none of a server's, and has no connection, may keep no listener. */
export function tellsEnd(outgoing: OutgoingLike): boolean {
  return (outgoing.stream ?? outgoing.socket) !== undefined || outgoing.listenerCount?.("close")! > 0;
}

/** Connections, each with those messages that wait behind another answer on it. */
const waiting = new WeakMap<object, Set<() => void>>();

/**
 * Calls back when a message is over. One that never gets its turn is not told of its end: its connection tells it, and where
 * that is gone already, nothing does (Node 20.20, Deno 2.9.5). Bun (1.4.5) tells it, and makes it look finished.
 */
export function whenClosed(
  outgoing: OutgoingLike,
  incoming: IncomingLike | undefined,
  closed: (isUnsent?: boolean) => void,
): void {
  const socket = waitsItsTurn(outgoing) && incoming?.socket;
  if (socket && socket.destroyed) return closed(true);
  let others: Set<() => void> | undefined;
  let isFinished = false;
  outgoing.on("close", () => {
    others?.delete(closed);
    closed(others && !isFinished && outgoing.socket === null);
  });
  if (!socket) return;
  outgoing.on("finish", () => isFinished = true);
  others = waiting.get(socket);
  if (!others) {
    waiting.set(socket, others = new Set());
    socket.on("close", () => waiting.get(socket)!.forEach((each) => each()));
  }
  others.add(closed);
}

/** Does a message wait behind another answer on its connection? */
export function waitsItsTurn(outgoing: OutgoingLike): boolean {
  return outgoing.socket === null && !outgoing.writableFinished;
}

/** Has a message lost its connection, and not been told yet? */
export function isLost({ socket }: OutgoingLike): boolean {
  return socket?.destroyed === true;
}

/** How a message ended that was closed. */
export function outcomeOf(outgoing: OutgoingLike): Outcome {
  // A body that breaks destroys the message with its error; a client that leaves destroys it without one.
  if (outgoing.errored || outgoing.stream?.errored) return "error";
  // On HTTP/2 what the client has cancelled is finished as well, but was never ended.
  const isWhole = outgoing.writableFinished && outgoing.writableEnded !== false && !isCutOff(outgoing);
  return isWhole || refusedStatusOf(outgoing) !== undefined ? "completed" : "aborted";
}

/**
 * Was the connection lost before all was sent? What waited is thrown away then, and the message looks finished (Node 20.20);
 * but either it has not let go of its connection, or that one broke while it was written to. What is no request behind it
 * breaks the connection as well, once the message has let go of it.
 */
function isCutOff({ stream, socket, req }: OutgoingLike): boolean {
  if (stream !== undefined) return false;
  const errored = req?.socket?.errored;
  return socket?.destroyed === true || (Boolean(errored) && refusalOf(errored) === undefined);
}

/** The status that was sent, by whomever; undefined while none is. */
export function sentStatusOf(outgoing: OutgoingLike): number | undefined {
  // HTTP/2's `stream.respond()` passes the message by.
  if (!outgoing.headersSent && !outgoing.stream?.headersSent) return refusedStatusOf(outgoing);
  const status = Number(outgoing.stream?.sentHeaders?.[":status"] ?? outgoing.statusCode);
  return Number.isInteger(status) ? status : undefined;
}

/** What Node's server answers to each of these by itself; to all else of its parser's 400. */
const refusals: ReadonlyMap<string, number> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", 408],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", 413],
  ["HPE_HEADER_OVERFLOW", 431],
]);

/** What Node's server makes of an error that is its own; undefined where it is another. */
function refusalOf(error: unknown): number | undefined {
  const code = String((error as { code?: unknown }).code);
  return refusals.get(code) ?? (code.startsWith("HPE_") ? 400 : undefined);
}

/**
 * The status that Node's server has sent by itself, since the request is broken, or behind it came what is none, before its
 * handler had answered; undefined where that is not so, or the app decides what is sent then. A body that its client ends
 * before it is whole is refused as well, but a client that has left looks just so, and hardly any other does that.
 */
function refusedStatusOf({ headersSent, socket, req }: OutgoingLike): number | undefined {
  const { errored, server } = req?.socket ?? {};
  if (!errored || headersSent || !socket || (errored as { code?: unknown }).code === "HPE_INVALID_EOF_STATE") {
    return undefined;
  }
  const { listenerCount } = (server ?? {}) as { listenerCount?(event: "clientError"): number };
  return listenerCount?.call(server, "clientError") === 0 ? refusalOf(errored) : undefined;
}

/** The bytes of a message's body. */
export interface MessageBytes {
  /** Keep what is written from now on. */
  keeps: boolean;
  /** The size of the body that was sent, in bytes; NaN where it went out past the message. */
  sent(method: string): number;
  /** What was written; undefined where it is not kept. */
  body(): Uint8Array | undefined;
}

/** Counts the bytes of a message's body as they are written. The message is called as before; what it answers stays its own. */
export function countBytes(outgoing: OutgoingLike): MessageBytes {
  let bytes = 0;
  /** How much waited to be sent behind the newest piece. */
  let waiting = 0;
  let isWriting = false;
  const pieces: Uint8Array[] = [];
  const message = outgoing as unknown as Record<"write" | "end", (...args: unknown[]) => unknown>;
  const counted: MessageBytes = {
    keeps: false,
    sent(method) {
      const status = sentStatusOf(outgoing);
      if (status === undefined || isEmptyAnswer(method, status)) return 0;
      // What is sent straight through an HTTP/2 stream, such as a file, tells at most its length.
      if (bytes === 0 && outgoing.stream?.sentHeaders) {
        const length = Number(outgoing.stream.sentHeaders["content-length"]);
        return outcomeOf(outgoing) === "completed" ? length : Number.NaN;
      }
      // How much went out of what waited when the last piece was written, nothing tells.
      if (isCutOff(outgoing) && waiting > 0) return Number.NaN;
      return Math.max(0, bytes - (outgoing.writableFinished ? 0 : outgoing.writableLength ?? 0));
    },
    body: () => counted.keeps ? concatenated(pieces) : undefined,
  };
  for (const name of ["write", "end"] as const) {
    const original = message[name];
    if (typeof original !== "function") continue;
    message[name] = (...args: unknown[]) => {
      // HTTP/2's `end()` calls `write()`.
      if (isWriting) return original.apply(outgoing, args);
      isWriting = true;
      try {
        const answer = original.apply(outgoing, args);
        try {
          const piece = bytesWritten(args[0], args[1]);
          if (piece) {
            bytes += piece.byteLength;
            waiting = outgoing.writableLength ?? 0;
            if (counted.keeps) pieces.push(piece.slice());
          }
        } catch {
          bytes = Number.NaN; // such as an encoding that its server takes for another
        }
        return answer;
      } finally {
        isWriting = false;
      }
    };
  }
  return counted;
}

function bytesWritten(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  const { Buffer } = globalThis as { Buffer?: { from(text: string, encoding: string): Uint8Array } };
  return typeof chunk === "string" && typeof encoding === "string" && Buffer
    ? Buffer.from(chunk, encoding)
    : bytesOf(chunk);
}
