/**
 * Clients that leave before there is an answer.
 *
 * Listening for that costs more than everything else that is measured of a request (on Node 0.3 µs), and almost every
 * request is answered long before it is of use. So one timer for all of them looks after those that take longer.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { Exchange } from "./exchange.ts";

/** How long requests stay without a listener, in seconds: a leave before that is noticed so much late at most. */
const unwatchedSeconds = 0.02;

/** Listens to every request that has been under way for a while. Requests begin in the order of their age. */
export class Disconnects {
  private readonly runtime: Runtime;
  /** The oldest request without a listener; all younger ones have none either. */
  private oldest: Exchange | undefined;
  private timer: unknown;
  private waits: boolean;
  readonly #look = (): void => this.#lookAfter();

  /**
   * Makes one that waits for its first request.
   *
   * @param runtime Clock and timers; without timers nothing is ever listened to.
   */
  constructor(runtime: Runtime) {
    this.runtime = runtime;
    this.waits = !runtime.startTimer;
  }

  /**
   * Notes a request that begins.
   *
   * @param exchange The request, the youngest of all.
   */
  begin(exchange: Exchange): void {
    this.oldest ??= exchange;
    if (!this.waits) this.#wait(unwatchedSeconds);
  }

  /**
   * Notes a request that ends. It must still be among those in flight.
   *
   * @param exchange The request.
   */
  end(exchange: Exchange): void {
    if (exchange === this.oldest) this.oldest = exchange.next as Exchange | undefined;
  }

  /** Stops the timer for good. */
  stop(): void {
    if (this.timer !== undefined) this.runtime.stopTimer?.(this.timer);
    this.timer = undefined;
    this.waits = true;
  }

  /** The timer goes on when requests end, so that one is started for many, and none where nothing is under way. */
  #wait(seconds: number): void {
    this.waits = true;
    this.timer = this.runtime.startTimer!(this.#look, seconds);
  }

  #lookAfter(): void {
    this.timer = undefined;
    this.waits = false;
    const now = this.runtime.now();
    let exchange = this.oldest;
    // A timer may fire a little early; what it was meant for counts as due.
    while (exchange && now - exchange.beganAt >= unwatchedSeconds - 0.001) {
      const next = exchange.next as Exchange | undefined;
      exchange.watch();
      exchange = next;
    }
    this.oldest = exchange;
    if (exchange) this.#wait(Math.max(0.001, exchange.beganAt + unwatchedSeconds - now));
  }
}
