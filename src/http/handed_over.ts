/**
 * Connections that a server has handed over, such as those of WebSockets: what is written to one first is the answer.
 *
 * @module
 */

import { switchingProtocols } from "./response_end.ts";

/** A connection, as far as it is used. */
export interface WrittenLike extends Partial<Record<"write" | "end", unknown>> {
  readonly destroyed?: boolean;
  on(event: "close", listener: () => void): unknown;
}

/** A request, as far as a connection can tell of it. */
interface Answered {
  readonly context:
    | { readonly incoming?: { readonly socket?: WrittenLike | null } | undefined; readonly outgoing?: unknown }
    | undefined;
  end(status: number, route?: string): void;
  leave(): void;
}

/** Has the server handed its connection over? Then that tells what is answered on it. */
export function isHandedOver(request: Answered, route?: string): boolean {
  const { incoming, outgoing } = request.context ?? {};
  if (outgoing || !incoming?.socket) return false;
  seeAnswer(incoming.socket, (status) => request.end(status, route), () => request.leave());
  return true;
}

type Write = (...args: unknown[]) => unknown;

/** Heads that stand before the answer, such as that of 103. */
const interim = /^(?:HTTP\/1\.\d 1(?!01)[^]*?\r\n\r\n)+/;

/** What may go on as a head that tells a status, or tells only that there will be an answer. */
const undecided = /^(?:H.{0,10}|HTTP\/1\.\d 1(?!01)[^]*)?$/;

/**
 * Sees the status of what is answered on a connection; frames come behind an upgrade.
 *
 * @param closed Nothing was answered until it closed.
 * @returns Tells whether anything was written, such as heads that stand before an answer.
 */
export function seeAnswer(
  connection: WrittenLike,
  answered: (status: number) => void,
  closed: () => void,
): () => boolean {
  let head = "";
  let isWritten = false;
  const restores = (["write", "end"] as const).map((name) => {
    const own = Object.getOwnPropertyDescriptor(connection, name);
    const original = connection[name] as Write | undefined;
    const seeing: Write = function (this: unknown, ...args) {
      // Who ends it without a word answers nothing: its close tells.
      isWritten ||= args.length > 0;
      head = (head + textOf(args[0])).replace(interim, "");
      if (!undecided.test(head)) {
        restore();
        answered(Number(/^HTTP\/1\.\d (\d+)/.exec(head)?.[1] ?? switchingProtocols));
      }
      return original?.apply(this, args);
    };
    connection[name] = seeing;
    return (): void => {
      if (connection[name] !== seeing) return;
      if (own) Object.defineProperty(connection, name, own);
      else delete connection[name];
    };
  });
  const restore = (): void => restores.forEach((each) => each());
  const close = (): void => {
    restore();
    closed();
  };
  connection.on("close", close);
  // Its client may have left already, and no event tells it again.
  if (connection.destroyed) close();
  return () => isWritten;
}

/** What else there may be is refused by the connection. */
function textOf(piece: unknown): string {
  if (ArrayBuffer.isView(piece)) return new TextDecoder().decode(piece);
  return typeof piece === "string" ? piece : "";
}
