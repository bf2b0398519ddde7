/**
 * What was answered through messages of Node's in this turn of the loop.
 *
 * Whoever stands around a handler may answer in its place, and only the message knows what was sent. Listening to each would
 * cost more than all of its counting, so all of them are looked at once when the turn is over.
 *
 * @module
 */

import { batched } from "../runtime/batch.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { RequestUnderWay } from "./exchange_recorder.ts";
import { ended, told } from "./exchange_state.ts";
import { isGone, isLost, outcomeOf, waitsItsTurn } from "./outgoing_message.ts";

/** Makes what looks at messages when the turn is over; at once where no turn can be waited for. */
export function afterTurn(nextTurn: Runtime["nextTurn"]): (exchange: RequestUnderWay) => void {
  return nextTurn ? batched(nextTurn, look) : look;
}

function look(exchange: RequestUnderWay): void {
  if (exchange.state & (told | ended)) return;
  const outgoing = exchange.context!.outgoing!;
  try {
    if (isGone(outgoing)) return exchange.over(outcomeOf(outgoing), exchange.answeredAt);
    // A message that does not tell whether its head is sent has been left to the server.
    if (outgoing.headersSent !== false && !waitsItsTurn(outgoing) && !isLost(outgoing)) {
      return exchange.over("completed", exchange.answeredAt);
    }
  } catch {
    // Somebody else's, which throws when it is looked at: its events may tell.
  }
  exchange.answeredAt = Number.NaN;
  exchange.listen();
}
