/**
 * What was answered through a message of Node's in this turn of the loop.
 *
 * Whoever stands around a handler may answer in its place, and only the message knows what was sent. Listening to each would
 * cost more than all of its counting, so all of them are looked at once when the turn is over.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";

/** Looks at messages when the turn of the loop is over. */
export class AnsweredTurn {
  private readonly nextTurn: Runtime["nextTurn"];
  private answered: { look(): void }[] = [];

  constructor(nextTurn: Runtime["nextTurn"]) {
    this.nextTurn = nextTurn;
  }

  /** Notes what was answered; at once where no turn can be waited for. */
  add(exchange: { look(): void }): void {
    if (!this.nextTurn) return exchange.look();
    if (this.answered.push(exchange) === 1) this.nextTurn(this.look);
  }

  private readonly look = (): void => {
    const { answered } = this;
    this.answered = [];
    for (const exchange of answered) exchange.look();
  };
}
