/**
 * One request, from its arrival to the end of its response.
 *
 * A response is not over when the handler returns it: its body may take longer, and its client may leave. What is sent in
 * one go is over when the server has it; what takes longer is followed by whoever can tell its end.
 *
 * @module
 */

import type { PendingItem } from "../work/pending.ts";
import { bodyKindOf, streamOf } from "./body.ts";
import type { AskedAgain } from "./exclusion.ts";
import { FollowedBody, followReady } from "./followed_body.ts";
import { isHandedOver } from "./first_piece.ts";
import type { RouteSeries } from "./exchange_recorder.ts";
import { discarded, ended, opened, routed, statusBits, statusOf, told, unanswered } from "./exchange_state.ts";
import { mark } from "./measured_once.ts";
import { isGone, isLost, outcomeOf, sentStatusOf, waitsItsTurn, whenClosed } from "./outgoing_message.ts";
import { beginDetails, hasLeft, noteResponse, requestBytesOf, type RequestDetails } from "./request_details.ts";
import type { Outcome } from "./info.ts";
import { isEmptyStatus, isEventStream, responseEnd, switchingProtocols } from "./response_end.ts";
import { asksForUpgrade, isUpgrade, type OutgoingLike, type ServerContext } from "./server_context.ts";
import { hasSpans, traceOf } from "./trace.ts";

/** Of requests whose client left, as nginx writes it. */
const clientClosedRequest = 499;

/** A request under way. A recorder makes it, and its end is counted once. */
export class Exchange implements PendingItem {
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
  /** How long the answer took where its end is looked at, or told, later, in seconds; NaN otherwise. */
  answeredSeconds: number;
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
    const { recorder } = series;
    this.beganAt = beganAt;
    this.previous = this.next = undefined;
    this.series = series;
    this.request = request;
    this.details = recorder.needsDetails ? beginDetails(recorder, context) : undefined;
    this.context = context;
    this.trace = undefined;
    this.answeredSeconds = Number.NaN;
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
   * Notes the response that the handler made, and answers the one to send, which is another only on Bun, for a stream.
   *
   * @param isLast Nobody around the handler can have answered before.
   * @param at When it was made, on the runtime's clock, where that is known: a read of the clock is dear.
   */
  answer(response: Response, route?: string, isLast = false, at: number = Number.NaN): Response {
    if (this.state & ended) return response;
    const { details, context, series: { recorder, method } } = this;
    const hasMessage = context?.outgoing !== undefined;
    if (isHandedOver(this, route)) return response;
    const asks = isLast && context !== undefined && !hasMessage;
    const sent = asks ? recorder.runtime.sentStatus?.(response, method, context) : undefined;
    const status = sent ?? statusOf(response.status); // Response.error(), which no server can send, has 0
    // What is made for these is thrown away unread; what its server refuses must not be looked at.
    const stream = method === "HEAD" || isEmptyStatus(status) || status < 0 ? null : streamOf(recorder, response);
    const body = bodyKindOf(stream);
    // What somebody else reads cannot be sent as well.
    if (sent !== undefined && (sent < 0 || body === "taken")) {
      this.refused(sent < 0 ? -sent : 500, route, at);
      return response;
    }
    this.head(status, route, at);
    const end = responseEnd({
      status,
      isUpgrade: stream === null && isUpgrade(this.request!, context, status),
      body,
      readyLength: stream === undefined ? recorder.runtime.readyLength?.(response) : undefined,
      hasMessage,
      asksServer: context !== undefined && recorder.runtime.followSent !== undefined,
      isListening: (this.state & told) !== 0,
      wantsSize: details !== undefined && recorder.measuresSizes,
    });
    if (details) noteResponse(details, response, stream, end, recorder, this.series.route);
    switch (end) {
      case "upgrade":
        this.setStatus(switchingProtocols);
        this.end(switchingProtocols, undefined, at);
        break;
      case "message":
        // Server-sent events go on for as long as the client likes.
        if (stream && isEventStream(recorder.contentType(response))) this.open();
        this.listen(context!.outgoing!);
        break;
      case "turn":
        if (isGone(context!.outgoing!)) this.over("aborted", this.took(at));
        else this.lookLater(at);
        break;
      case "body":
        return this.follow(response, stream!, at);
      case "server":
        if (hasSpans()) this.noteTrace();
        if (!followReady(this, recorder.runtime)) this.over("completed", this.took(at));
        break;
      case "answer":
        this.over("completed", this.took(at));
    }
    return response;
  }

  /** Ends a request without a response to look at. With 101 it is a WebSocket, counted when it opens. */
  end(status: number, route?: string, at: number = Number.NaN): void {
    if (this.state & ended) return;
    this.head(statusOf(status), route, at);
    if (status === switchingProtocols) this.open();
    if (status === switchingProtocols || !this.context?.outgoing) return this.over("completed", this.took(at));
    // What was thrown may be answered by somebody outside, in another way; the message tells.
    if (!(this.state & told)) this.lookLater(at);
  }

  /** Ends a request whose answer is none. */
  refuse(answer: unknown, at: number = Number.NaN): void {
    if (isHandedOver(this)) return;
    const { context, request, series: { method, recorder: { runtime } } } = this;
    const isUpgraded = context ? isUpgrade(request!, context, 200) : asksForUpgrade(request!, runtime.requestHeader);
    // Bun's handlers answer nothing when they have upgraded the connection; all else is a mistake.
    if (answer === undefined && isUpgraded) return this.end(switchingProtocols, undefined, at);
    const sent = context && !context.outgoing ? runtime.sentStatus?.(answer, method, context) : undefined;
    this.refused(sent === undefined ? 500 : Math.abs(sent), undefined, at);
  }

  /** Ends it with what is sent instead, once the server has refused: on Deno a look at the request would end the process. */
  private refused(status: number, route: string | undefined, at: number): void {
    if (!this.context || this.context.outgoing) return this.end(status, route, at);
    this.trace = null;
    Promise.resolve().then(() => this.end(status, route, at));
  }

  /** Looks at the message when this turn is over. */
  private lookLater(at: number): void {
    this.answeredSeconds = this.took(at);
    this.series.recorder.lookAfterTurn(this);
  }

  /** Notes the route that a handler within has found, where it is not known. The innermost one knows it best. */
  reroute(route: string): void {
    if (this.state & (ended | routed)) return;
    this.state |= routed;
    this.series = this.series.recorder.move(this.series, route);
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
    this.setStatus(statusOf(status));
    if (this.findRoute) route ??= this.askRoute();
    if (route !== undefined) this.series = this.series.recorder.move(this.series, route);
    if (this.details) this.details.headDurationSeconds = this.took(at);
  }

  /** Its name when it holds the loop, by the route that is known then. */
  heldBy(): readonly [kind: string, name: string] {
    const route = this.state & routed ? undefined : this.findRoute?.();
    return ["request", `${this.series.method} ${route ?? this.series.route}`];
  }

  /** Asks for the route one last time; what a handler within has told stands. */
  private askRoute(): string | undefined {
    const route = this.state & routed ? undefined : this.findRoute?.();
    this.findRoute = undefined;
    return route;
  }

  /** Lets Node's message tell the end from now on; false where there is none. */
  watch(): boolean {
    if (this.context?.outgoing && !(this.state & ended)) this.listen(this.context.outgoing);
    return this.context?.outgoing !== undefined;
  }

  /** The client has left; what was answered before that was its answer. */
  leave(): void {
    if (this.status === 0) this.over("aborted");
  }

  /** Ends what went through Node's message, however that looks. */
  sent(outcome: Outcome = "completed"): void {
    const written = this.details?.written;
    if (written) this.noteBytes(written.sent(this.series.method), written.keeps ? written.body() : undefined);
    this.over(outcome, this.answeredSeconds || undefined); // NaN where it is not known
  }

  /** Looks at Node's message, which was answered in the turn of the loop that is over. */
  look(): void {
    const { outgoing } = this.context!;
    if (this.state & ended || this.state & told) return;
    // A message that does not tell whether its head is sent has been left to the server.
    if ((outgoing!.headersSent === false || waitsItsTurn(outgoing!) || isLost(outgoing!)) && !isGone(outgoing!)) {
      this.answeredSeconds = Number.NaN;
      return this.listen(outgoing!);
    }
    this.over(isGone(outgoing!) ? outcomeOf(outgoing!) : "completed", this.answeredSeconds);
  }

  /** Lets Node's outgoing message tell the end. */
  private listen(outgoing: OutgoingLike): void {
    if (this.state & told) return;
    this.state |= told;
    // A client may have left already, and no event tells it again.
    if (isGone(outgoing)) this.sent(outcomeOf(outgoing));
    else whenClosed(outgoing, this.context?.incoming, () => this.sent(outcomeOf(outgoing)));
  }

  /** Follows a stream to its end. Nothing that is kept meanwhile keeps the response or the request for long. */
  private follow(response: Response, stream: ReadableStream<Uint8Array>, at: number): Response {
    const { details, series: { recorder, route } } = this;
    const body = new FollowedBody(this);
    const keeps = details !== undefined && recorder.wantsBody(route);
    const sent = body.follow(recorder.runtime, response, stream, recorder.measuresSizes, keeps);
    if (!sent) {
      this.over("completed", this.took(at));
      return response;
    }
    this.answeredSeconds = this.took(at);
    if (recorder.readsLate) recorder.runtime.keepRequest?.(this.request!);
    if (hasSpans()) this.noteTrace();
    if (isEventStream(recorder.contentType(response))) this.open();
    recorder.unread.add(body);
    return sent;
  }

  /** Finds its trace, where that is wanted, as long as the request is there and its span is active. */
  noteTrace(): void {
    if (this.series.recorder.readsLate) this.trace ??= traceOf(this) ?? null;
  }

  /** Ends the request as its response's body ended, at that time where it is known. */
  bodyOver(outcome: Outcome, bytes: number | undefined, body?: Uint8Array, overAt?: number): void {
    if (bytes !== undefined) this.noteBytes(bytes, body);
    this.over(outcome, overAt === undefined ? undefined : overAt - this.beganAt);
  }

  /** Ends the request, whose response was thrown away, at the time of its answer. */
  bodyCollected(bytes: number): void {
    if (this.state & ended) return;
    this.noteBytes(bytes, undefined);
    this.over(bytes > 0 ? "aborted" : "completed", this.answeredSeconds);
  }

  /** Keeps what the request tells of itself. */
  private noteRequest(): void {
    const { details, request, context, series: { recorder, method } } = this;
    if (details && recorder.measuresSizes) details.requestBytes = requestBytesOf(request, method, context);
  }

  /** Keeps what passed. */
  private noteBytes(responseBytes: number, body: Uint8Array | undefined): void {
    if (this.details) Object.assign(this.details, { responseBytes, body, reading: undefined });
  }

  /** Keeps the status beside the flags. */
  private setStatus(status: number): void {
    this.state = this.state & ~statusBits | status;
  }

  /** Counts what stays open for as long as its client likes. */
  private open(): void {
    if (this.state & opened) return;
    this.state |= opened;
    this.noteRequest();
    this.series.recorder.record(this, "completed", Number.NaN);
  }

  /** How long it took until then, in seconds; until now where that is not known. */
  private took(at: number): number {
    return (at === at ? at : this.series.recorder.now()) - this.beganAt;
  }

  /** Ends the request; it is counted at once, or when what is still being read of it is known. */
  private over(how: Outcome, durationSeconds: number = this.took(Number.NaN)): void {
    if (this.state & ended) return;
    const { recorder } = this.series;
    const outgoing = this.context?.outgoing;
    if (this.findRoute) this.series = recorder.move(this.series, this.askRoute() ?? this.series.route);
    // Whoever answered, and whatever: the message knows what was sent.
    const sent = outgoing && sentStatusOf(outgoing);
    if (sent !== undefined && this.status !== switchingProtocols) this.setStatus(statusOf(sent));
    // Where there was no head yet, the end of everything is the client's doing.
    if (this.status === 0) this.state |= unanswered;
    const left = this.status === 0 || how === "aborted" || (!outgoing && hasLeft(this, durationSeconds));
    const outcome = left ? "aborted" : how;
    if (left) this.setStatus(clientClosedRequest);
    this.state |= ended;
    if (!(this.state & opened)) this.noteRequest();
    const reading = this.details?.reading;
    if (reading) reading.then(() => this.count(outcome, durationSeconds));
    else this.count(outcome, durationSeconds);
  }

  /** Counts it, and it is in flight no more: one page shows both. */
  private count(outcome: Outcome, durationSeconds: number): void {
    const { recorder } = this.series;
    recorder.leave(this);
    if (!(this.state & opened)) recorder.record(this, outcome, durationSeconds);
  }
}
