/**
 * Connections that were handed over, such as those of WebSockets: whoever has one answers past the message.
 *
 * @module
 */

import type { Exchange } from "../http/exchange.ts";
import { seeAnswer, type WrittenLike } from "../http/handed_over.ts";
import { sentStatusOf } from "../http/outgoing_message.ts";
import { switchingProtocols } from "../http/response_end.ts";
import type { IncomingLike, ResponseLike } from "./message.ts";

interface ConnectionLike extends WrittenLike {
  readonly bytesWritten?: number;
}

/**
 * Notes what is answered on a connection that the server has handed over. It has to be called before the message is
 * watched, which closes without a head.
 *
 * @param exchange The request.
 * @param incoming Its message.
 * @param outgoing What a framework has made for it, so that its routes can refuse the request.
 */
export function followUpgraded(exchange: Exchange, incoming: IncomingLike, outgoing: ResponseLike): void {
  const { upgrade, socket: connection } = incoming as IncomingLike & { upgrade?: boolean; socket?: ConnectionLike };
  if (upgrade !== true || !connection) return;
  // A message without the connection answers nothing, and on Bun it is never closed: express-ws makes one when the
  // connection is open. The route is known by the next turn.
  if (outgoing.socket !== connection) {
    const { nextTurn = queueMicrotask } = exchange.series.recorder.runtime;
    return nextTurn(() => exchange.end(switchingProtocols));
  }
  const answered = (status: number): void => {
    if (sentStatusOf(outgoing) !== undefined) return;
    exchange.end(status);
    exchange.sent();
  };
  const isWritten = seeAnswer(connection, answered, () => {});
  // What refuses it by the message is told by nothing else: that closes with its connection.
  outgoing.on("finish", () => exchange.sent());
  outgoing.on("close", () => {
    // Bun's own WebSockets are answered unseen; of what was seen no more than a head before the answer has come.
    if (connection.bytesWritten && !isWritten()) answered(switchingProtocols);
  });
}
