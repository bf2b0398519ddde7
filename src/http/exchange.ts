/**
 * One request, from its arrival to the end of its response.
 *
 * A response is not over when the handler returns it: its body may take longer, and its client may leave. What is sent in
 * one go is over when the server has it; what takes longer is followed by whoever can tell its end.
 *
 * @module
 */

import type { PendingItem } from "../work/pending.ts";
import { lookLater, noteAnswer, refused, sentStatus } from "./answer.ts";
import { hasLeft } from "./disconnects.ts";
import type { RequestDetails, RequestUnderWay, RouteSeries } from "./exchange_recorder.ts";
import { discarded, ended, opened, routed, statusBits, statusOf, timeOf, told, unanswered } from "./exchange_state.ts";
import type { AskedAgain } from "./exclusion.ts";
import { isHandedOver } from "./handed_over.ts";
import type { Outcome } from "./request_info.ts";
import { mark } from "./measured_once.ts";
import { isGone, outcomeOf, sentStatusOf, tellsEnd, whenClosed } from "./outgoing_message.ts";
import { beginDetails, noteBytes, noteRequest } from "./request_details.ts";
import { switchingProtocols } from "./response_end.ts";
import { asksForUpgrade, isUpgrade, type ServerContext } from "./server_context.ts";

/** Of requests whose client left, as nginx writes it. */
const clientClosedRequest = 499;

/** A request under way. A recorder makes it, and its end is counted once. */
export class Exchange implements PendingItem, RequestUnderWay {
  // One object for each request, so few fields, set once and in this order (on Bun eight less are worth 80 ns), and nothing
  // with `#`, which would mark each object as an owner (on Node 50 ns).
  /** When it came, in seconds of the runtime's clock. */
  readonly beganAt: number;
  /** The older one of its neighbours in flight. */
  previous: PendingItem | undefined;
  /** The younger one. */
  next: PendingItem | undefined;
  /** The route may be known better when it is answered than at the beginning. */
  series: RouteSeries;
  /** The request as it came; let go of while a body is followed, which may be never read. */
  request: Request | undefined;
  /** What few metrics and observers want; undefined where none of them is there. */
  readonly details: RequestDetails | undefined;
  /** What the server passed beside the request, where that tells anything. */
  readonly context: ServerContext | undefined;
  /** The trace that was found when the request was let go of; null where there is none. */
  trace: string | null | undefined;
  /** When it was answered, where its end is looked at, or told, later; NaN otherwise. */
  answeredAt: number;
  /** The status that the client sees, 0 until it is known, and flags. */
  state: number;
  /** Tells the route as far as it is known now. Only where something can tell it: a field in each request has its price. */
  declare findRoute?: (() => string | undefined) | undefined;
  /** What may leave it out once it is answered; only where something may. */
  declare askedAgain?: AskedAgain;

  /** Begins it; only a recorder does. */
  constructor(
    series: RouteSeries,
    request: Request,
    context: ServerContext | undefined,
    isRouted: boolean,
    beganAt: number,
  ) {
    this.beganAt = beganAt;
    this.previous = this.next = undefined;
    this.series = series;
    this.request = request;
    this.details = beginDetails(series.recorder, context);
    this.context = context;
    this.trace = undefined;
    this.answeredAt = Number.NaN;
    this.state = isRouted ? routed : 0;
    mark(request, context, this);
  }

  /** The status that the client sees; 0 until it is known. */
  get status(): number {
    return this.state & statusBits;
  }

  /** Was it answered and counted? What was left out was not: nothing inside may count it either. */
  get isOver(): boolean {
    return (this.state & (ended | discarded | unanswered)) === ended;
  }

  /**
   * Notes the response that the handler made, and answers the one to send, which is another only on Bun, for a stream. What
   * only looks like a response may throw wherever it is looked at: it is sent as it is, and ends with its answer.
   *
   * @param isLast Nobody around the handler can have answered before.
   * @param at When it was made, on the runtime's clock, where that is known: a read of the clock is dear.
   */
  answer(response: Response, route?: string, isLast = false, at: number = Number.NaN): Response {
    if (this.state & ended) return response;
    try {
      return noteAnswer(this, response, route, isLast, at);
    } catch {
      this.series.recorder.failed();
      this.end(500, route, at);
      return response;
    }
  }

  /** Ends a request without a response to look at. With 101 it is a WebSocket, counted when it opens. */
  end(status: number, route?: string, at: number = Number.NaN): void {
    if (this.state & ended) return;
    this.head(status, route, at);
    if (status === switchingProtocols) this.open();
    if (status === switchingProtocols || !this.context?.outgoing) return this.over("completed", at);
    // What was thrown may be answered by somebody outside, in another way; the message tells, and its size at its end alone.
    if (this.details?.written) this.listen();
    else if (!(this.state & told)) lookLater(this, at);
  }

  /** Ends a request whose answer is none. */
  refuse(answer: unknown, at: number = Number.NaN): void {
    this.attempt(() => {
      if (isHandedOver(this)) return;
      const { context, request, series: { recorder: { runtime } } } = this;
      const isUpgraded = context ? isUpgrade(request!, context, 200) : asksForUpgrade(request!, runtime.requestHeader);
      // Bun's handlers answer nothing when they have upgraded the connection; all else is a mistake.
      if (answer === undefined && isUpgraded) this.end(switchingProtocols, undefined, at);
      else refused(this, Math.abs(sentStatus(this, answer) ?? 500), undefined, at);
    });
  }

  /** Notes the route that a handler within has found, where it is not known. The innermost one knows it best. */
  reroute(route: string): void {
    if (this.state & (ended | routed)) return;
    this.state |= routed;
    move(this, route);
  }

  /** Leaves the request out: it is in flight no more, and nothing is counted. */
  discard(): void {
    if (this.state & ended) return;
    this.state |= ended | discarded;
    this.series.recorder.leave(this);
  }

  /** Notes that the head is known: the status that the client sees, and the route where it is known better. */
  head(status: number, route: string | undefined, at: number = Number.NaN): void {
    if (this.status !== 0) return;
    setStatus(this, status);
    if (this.findRoute) route ??= lastRoute(this);
    move(this, route);
    if (this.details) this.details.headDurationSeconds = timeOf(this, at) - this.beganAt;
  }

  /** Its name when it holds the loop, by the route that is known then. */
  heldBy(): readonly [kind: string, name: string] {
    return ["request", `${this.series.method} ${foundRoute(this) ?? this.series.route}`];
  }

  /**
   * What its handler waited for is there, and may be what held the loop until now.
   *
   * @returns The time: one read of the clock serves both the blame of a stall and the duration.
   */
  settled(): number {
    const { recorder } = this.series;
    const at = recorder.now();
    recorder.blame?.settled(this, at);
    return at;
  }

  /** The client has left; what was answered before that was its answer. */
  leave(): void {
    if (this.status === 0) this.over("aborted");
  }

  /** Lets Node's message tell the end from now on. */
  listen(): void {
    const { incoming, outgoing } = this.context ?? {};
    // What only looks like a message, such as a test's own, is none of a server's.
    if (!outgoing || this.state & (told | ended)) return;
    const closed = (isUnsent?: boolean): void =>
      this.attempt(() => this.sent(isUnsent ? "aborted" : outcomeOf(outgoing), isUnsent));
    this.attempt(() => {
      // A client may have left already, and no event tells it again.
      if (isGone(outgoing)) return closed();
      whenClosed(outgoing, incoming, closed);
      if (tellsEnd(outgoing)) this.state |= told;
      else if (this.status !== 0) this.over("completed", this.answeredAt);
    });
  }

  /** Ends what went through the message, however that looks. */
  sent(outcome: Outcome = "completed", isUnsent = false): void {
    const written = this.details?.written;
    if (written) noteBytes(this, isUnsent ? 0 : written.sent(this.series.method), written.body());
    this.over(outcome, this.answeredAt);
  }

  /** Counts what stays open for as long as its client likes. */
  open(): void {
    if (this.state & opened) return;
    this.state |= opened;
    noteRequest(this);
    this.series.recorder.record(this, "completed", Number.NaN);
  }

  /** Ends it, at that time; it is counted at once, or when what is still being read of it is known. */
  over(how: Outcome, at: number = Number.NaN): void {
    if (this.state & ended) return;
    // Without a function of its own: every request ends here.
    try {
      conclude(this, how, at);
    } catch {
      this.lose();
    }
  }

  /** What only looks like a server's own may throw when it is looked at: no app ever sees that, and the request is left out. */
  attempt(look: () => void): void {
    try {
      look();
    } catch {
      this.lose();
    }
  }

  /** Leaves the request out, and counts that as a failure of ours. */
  private lose(): void {
    this.series.recorder.failed();
    this.discard();
  }
}

/** Ends an exchange: what is known of it by then is what is counted. */
function conclude(exchange: Exchange, how: Outcome, at: number): void {
  const durationSeconds = timeOf(exchange, at) - exchange.beganAt;
  const outgoing = exchange.context?.outgoing;
  if (exchange.findRoute) move(exchange, lastRoute(exchange));
  // Whoever answered, and whatever: the message knows what was sent.
  const sent = outgoing && sentStatusOf(outgoing);
  if (sent !== undefined) setStatus(exchange, sent);
  // Where there was no head yet, the end of everything is the client's doing.
  if (exchange.status === 0) exchange.state |= unanswered;
  const left = exchange.status === 0 || how === "aborted" || (!outgoing && hasLeft(exchange, durationSeconds));
  if (left) setStatus(exchange, clientClosedRequest);
  if (!(exchange.state & opened)) noteRequest(exchange);
  exchange.state |= ended;
  const reading = exchange.details?.reading;
  const outcome = left ? "aborted" : how;
  if (reading) reading.then(() => count(exchange, outcome, durationSeconds));
  else count(exchange, outcome, durationSeconds);
}

/** Counts an exchange under a route from now on; under the one it had where none is given. */
function move(exchange: Exchange, route: string | undefined): void {
  if (route !== undefined) exchange.series = exchange.series.recorder.move(exchange.series, route);
}

/** Asks for the route as far as it is known now; undefined where a handler within has told it, which stands. */
function foundRoute({ state, findRoute }: Exchange): string | undefined {
  return state & routed ? undefined : findRoute?.();
}

function lastRoute(exchange: Exchange): string | undefined {
  const route = foundRoute(exchange);
  exchange.findRoute = undefined;
  return route;
}

/** Keeps the status that the client sees beside the flags. */
function setStatus(exchange: Exchange, status: number): void {
  exchange.state = exchange.state & ~statusBits | statusOf(status);
}

/** Counts it, and it is in flight no more: one page shows both. */
function count(exchange: Exchange, outcome: Outcome, durationSeconds: number): void {
  const { recorder } = exchange.series;
  recorder.leave(exchange);
  if (!(exchange.state & opened)) recorder.record(exchange, outcome, durationSeconds);
}
