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

/** Listens to every request that has been under way for a while. */
export interface Disconnects {
  /** Notes a request that begins, the youngest of all. */
  begin(exchange: RequestUnderWay): void;
  /** Notes a request that ends. It must still be among those in flight. */
  end(exchange: RequestUnderWay): void;
  /** Stops the timer for good, and every listener. */
  stop(): void;
}

/** Makes one that waits for its first request; without timers nothing is ever listened to. */
export function listenToClients({ now, startTimer, stopTimer, signalTellsAbort }: Runtime): Disconnects {
  /** The oldest request without a listener; all younger ones have none either, since requests begin in the order of their age. */
  let oldest: RequestUnderWay | undefined;
  let timer: unknown;
  let waits = !startTimer;
  /** How to stop listening to the signals of those that are listened to. */
  const listening = new Map<RequestUnderWay, () => void>();

  /** The timer goes on when requests end, so that one is started for many, and none where nothing is under way. */
  const wait = (seconds: number): void => {
    waits = true;
    timer = startTimer!(look, seconds);
  };

  const look = (): void => {
    timer = undefined;
    waits = false;
    const at = now();
    // A timer may fire a little early; what it was meant for counts as due.
    while (oldest && at - oldest.beganAt >= listenAfterSeconds - 0.001) {
      const exchange = oldest;
      oldest = exchange.next as RequestUnderWay | undefined;
      if (exchange.status !== 0) continue;
      if (exchange.context?.outgoing) exchange.listen();
      else listen(exchange);
    }
    if (oldest) wait(Math.max(0.001, oldest.beganAt + listenAfterSeconds - at));
  };

  const listen = (exchange: RequestUnderWay): void => {
    // Deno tells of the completion only whoever asked before it.
    const completed = signalTellsAbort ? undefined : exchange.context?.completed;
    let isAnswered = false;
    completed?.then(() => {
      isAnswered = true;
      exchange.state &= ~doubted;
    }, () => {});
    const leave = (): void => {
      if (!completed) return exchange.leave();
      // A handler that heeds the signal throws now, before anything tells why that has aborted.
      if (!isAnswered && exchange.status === 0) exchange.state |= doubted;
      startTimer!(() => isAnswered || exchange.leave(), completesWithinSeconds);
    };
    try {
      const { signal } = exchange.request!;
      if (signal.aborted) return exchange.leave();
      signal.addEventListener("abort", leave, { once: true });
      exchange.state |= listened;
      listening.set(exchange, () => signal.removeEventListener("abort", leave));
    } catch {
      // On Deno a request whose answer was sent tells nothing more: somebody outside has answered it.
    }
  };

  return {
    begin(exchange) {
      oldest ??= exchange;
      if (!waits) wait(listenAfterSeconds);
    },
    end(exchange) {
      if (exchange === oldest) oldest = exchange.next as RequestUnderWay | undefined;
      if (listening.size === 0) return;
      listening.get(exchange)?.();
      listening.delete(exchange);
    },
    stop() {
      if (timer !== undefined) stopTimer?.(timer);
      timer = undefined;
      waits = true;
      for (const stop of listening.values()) stop();
      listening.clear();
    },
  };
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
