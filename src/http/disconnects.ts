/**
 * Clients that leave before there is an answer.
 *
 * Listening for that costs more than everything else that is measured of a request (on Node 0.3 µs), and almost every
 * request is answered long before it is of use. So one timer for all of them looks after those that take longer.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { RequestUnderWay } from "./exchange_recorder.ts";
import { doubted, listened } from "./exchange_state.ts";

/** How long requests stay without a listener, in seconds: a leave before that is noticed so much late at most. */
const listenAfterSeconds = 0.02;

/**
 * Deno's signal aborts when a request was answered, too. Its server then says within a millisecond that it has completed
 * the request; of a client that left it says so only when the handler is done (Deno 2.9.5).
 */
const completesWithinSeconds = 0.01;

/** Listens to every request that has been under way for a while. Requests begin in the order of their age. */
export class Disconnects {
  private readonly runtime: Runtime;
  /** The oldest request without a listener; all younger ones have none either. */
  private oldest: RequestUnderWay | undefined;
  private timer: unknown;
  private waits: boolean;
  /** How to stop listening to the signals of those that are listened to. */
  private readonly listening = new Map<RequestUnderWay, () => void>();
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

  /** Notes a request that begins, the youngest of all. */
  begin(exchange: RequestUnderWay): void {
    this.oldest ??= exchange;
    if (!this.waits) this.#wait(listenAfterSeconds);
  }

  /** Notes a request that ends. It must still be among those in flight. */
  end(exchange: RequestUnderWay): void {
    if (exchange === this.oldest) this.oldest = exchange.next as RequestUnderWay | undefined;
    if (this.listening.size === 0) return;
    this.listening.get(exchange)?.();
    this.listening.delete(exchange);
  }

  /** Stops the timer for good, and every listener. */
  stop(): void {
    if (this.timer !== undefined) this.runtime.stopTimer?.(this.timer);
    this.timer = undefined;
    this.waits = true;
    for (const stop of this.listening.values()) stop();
    this.listening.clear();
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
    while (exchange && now - exchange.beganAt >= listenAfterSeconds - 0.001) {
      const next = exchange.next as RequestUnderWay | undefined;
      if (exchange.status === 0) {
        if (exchange.context?.outgoing) exchange.listen();
        else this.#listen(exchange);
      }
      exchange = next;
    }
    this.oldest = exchange;
    if (exchange) this.#wait(Math.max(0.001, exchange.beganAt + listenAfterSeconds - now));
  }

  #listen(exchange: RequestUnderWay): void {
    // Deno tells of the completion only whoever asked before it.
    const completed = this.runtime.signalTellsAbort ? undefined : exchange.context?.completed;
    let isAnswered = false;
    const leave = (): void => {
      if (!completed) return exchange.leave();
      // A handler that heeds the signal throws now, before anything tells why that has aborted.
      if (!isAnswered && exchange.status === 0) exchange.state |= doubted;
      this.runtime.startTimer!(() => {
        if (!isAnswered) exchange.leave();
      }, completesWithinSeconds);
    };
    try {
      completed?.then(() => {
        isAnswered = true;
        exchange.state &= ~doubted;
      }, () => {});
      const { signal } = exchange.request!;
      if (signal.aborted) return exchange.leave();
      signal.addEventListener("abort", leave, { once: true });
      exchange.state |= listened;
      // That of another library may not forget.
      this.listening.set(exchange, () => signal.removeEventListener?.("abort", leave));
    } catch {
      // On Deno a request whose answer was sent tells nothing more: somebody outside has answered it.
    }
  }
}

const quickSeconds = 0.002; // no client leaves faster

/**
 * Tells whether the client left while its answer was made. A signal costs 0.3 µs to ask, so that of a request which took no
 * longer than a client needs to leave is not asked. On Deno asking halves throughput, and the signal aborts on every success:
 * there it is asked of what fails before anybody listens, as a handler that heeds it does, while nothing is sent.
 */
export function hasLeft(exchange: RequestUnderWay, durationSeconds: number): boolean {
  const { request, state, status, trace, answeredAt, series: { recorder } } = exchange;
  if (state & doubted) return true;
  if (!(durationSeconds > quickSeconds)) return false;
  // A body that is followed has the time of its answer, and what the server has refused is not to be looked at.
  const isUnsentError = status >= 500 && !(state & listened) && Number.isNaN(answeredAt) && trace !== null;
  if (!isUnsentError && recorder.runtime.signalTellsAbort !== true) return false;
  try {
    return request?.signal.aborted === true;
  } catch {
    return false; // an app may be asked with anything
  }
}
