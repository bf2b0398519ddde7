/**
 * One request, from its arrival to the end of its response.
 *
 * A response is not over when the handler returns it: its body may take longer, and its client may leave. What is sent in
 * one go is over when the server has it; only streams, and bodies too large for a socket's buffer, are followed further,
 * since that costs throughput.
 *
 * @module
 */

import type { PendingItem } from "../work/pending.ts";
import type { Runtime } from "../runtime/shim.ts";
import { watchBody } from "./body.ts";
import { beginDetails, noteBody, type RequestDetails } from "./request_details.ts";
import { discarded, ended, opened, routed, statusBits, told, unanswered } from "./exchange_state.ts";
import type { Outcome } from "./info.ts";
import { mark } from "./measured_once.ts";
import { isGone, isUpgrade, outcomeOf, type OutgoingLike, sentBytesOf, type ServerContext } from "./server_context.ts";

const switchingProtocols = 101;
/** The status under which requests are counted whose client left, as nginx writes it. */
const clientClosedRequest = 499;

/** No client leaves faster than this, in seconds. */
const quickSeconds = 0.002;

/** What a socket's buffer takes in any case, in bytes: Linux begins with 16 KiB. Node is done with it at once. */
const socketBufferBytes = 16_384;

/** Where the requests of one method on one route are counted. */
export interface RouteSeries {
  readonly recorder: ExchangeRecorder;
  readonly route: string;
  readonly method: string;
  /** Its slot in the gauge of requests under way; below 0 where it has none. */
  readonly inProgress: number;
  /** The slot of each meter, by status and outcome. */
  readonly slots: Map<number, Int32Array>;
  /** The newest key of `slots`, and what it holds: a route's answers are mostly alike. */
  newestKey: number;
  newestSlots: Int32Array | undefined;
  /** Are requests of this template left out, whatever their path? */
  readonly excluded: boolean;
}

/** What an exchange needs of the recorder that made it. */
export interface ExchangeRecorder {
  /** The runtime's clock, in seconds. */
  readonly now: () => number;
  /** The stream that a response's body is made of. */
  readonly bodyStream: Runtime["bodyStream"];
  /** How long a body is that stands ready. */
  readonly readyLength: Runtime["readyLength"];
  /** The content type that a response was given. */
  readonly contentType: (response: Response) => string | null;
  /** Does a request's signal abort only when its client left, and cost little to ask? */
  readonly signalsAborts: boolean;
  /** Does any metric or observer need more than status and duration? */
  readonly needsDetails: boolean;
  /** Does any metric need the sizes of requests or responses? */
  readonly measuresSizes: boolean;
  /** Is the body of this route's responses wanted by observers? */
  wantsBody(route: string): boolean;
  /** Takes a request that is under way to the series of its route, and answers that. */
  move(series: RouteSeries, route: string): RouteSeries;
  /** Takes a request out of those in flight. */
  leave(exchange: Exchange): void;
  /** Counts a request: at its end, or when it opens and stays open. The duration is in seconds, NaN where it is none. */
  record(exchange: Exchange, outcome: Outcome, durationSeconds: number): void;
}

/** A request under way. A recorder makes it, and its end is counted once. */
export class Exchange implements PendingItem {
  // One object for each request, so few fields, set once and in this order; and nothing with `#`, not even methods, since
  // each object would then be marked as an owner of them. On Bun eight fields less are worth 80 ns, on Node no `#` 50.
  /** When it came, in seconds of the runtime's clock. */
  readonly beganAt: number;
  /** The youngest older one of those in flight. */
  previous: PendingItem | undefined;
  /** The oldest younger one of those in flight. */
  next: PendingItem | undefined;
  /** The route may be known better when it is answered than at the beginning. */
  series: RouteSeries;
  /** The request as it came. */
  readonly request: Request;
  /** What few metrics and observers want; undefined where none of them is there. */
  readonly details: RequestDetails | undefined;
  /** What the server passed beside the request, where that tells anything. */
  readonly context: ServerContext | undefined;
  /** The status that the client sees, 0 until it is known, and flags. */
  private state: number;

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
    this.previous = undefined;
    this.next = undefined;
    this.series = series;
    this.request = request;
    this.details = recorder.needsDetails ? beginDetails(recorder, request, series.method, context) : undefined;
    this.context = context;
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
   * Notes the response that the handler made.
   *
   * @param response The response.
   * @param route The route that answered, where it is known better than at the beginning.
   * @returns The response to send: the same one, save where its body has to be watched.
   */
  answer(response: Response, route?: string): Response {
    if (this.state & ended) return response;
    const status = response.status || 500; // Response.error(), which no server can send, has none
    this.head(status, route);
    // What is made for HEAD is thrown away unread.
    const stream = this.series.method === "HEAD" ? null : this.series.recorder.bodyStream(response);
    // Almost every answer stands ready, and nobody wants more of it.
    if (stream === undefined && this.details === undefined && status !== switchingProtocols) {
      if (!this.sendsLater(response, stream)) this.over("completed");
      return response;
    }
    return this.send(response, status, stream);
  }

  /**
   * Ends a request without a response to look at. With 101 it is a WebSocket, counted when it opens.
   *
   * @param status The status that the client sees.
   * @param route The route, where it is known better than at the beginning.
   */
  end(status: number, route?: string): void {
    if (this.state & ended) return;
    this.head(status, route);
    if (status === switchingProtocols) this.open();
    this.over("completed");
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

  /** Node's outgoing message was closed. */
  private closed(outgoing: OutgoingLike): void {
    const { details } = this;
    if (details && Number.isNaN(details.responseBytes)) details.responseBytes = sentBytesOf(outgoing);
    this.over(outcomeOf(outgoing));
  }

  /** Listens for a client that leaves before there is an answer; what is answered fast never pays for it. */
  watch(): void {
    if (this.state & ended || this.status !== 0) return;
    if (this.context?.outgoing) return this.listen(this.context.outgoing);
    const { signal } = this.request; // On Deno it aborts on success as well, but not before there is an answer.
    const leave = (): void => {
      if (this.status === 0) this.over("aborted");
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  }

  /** Lets Node's outgoing message tell the end. */
  private listen(outgoing: OutgoingLike): void {
    if (this.state & told) return;
    this.state |= told;
    // A client may have left already, and no event tells it again.
    if (isGone(outgoing)) this.closed(outgoing);
    else outgoing.on("close", () => this.closed(outgoing));
  }

  /** Answers with what is no ready body, or whose details are wanted. */
  private send(response: Response, status: number, stream: ReadableStream<Uint8Array> | null | undefined): Response {
    const { details, series: { recorder, route } } = this;
    if (status === switchingProtocols || (stream === null && isUpgrade(this.request, this.context, status))) {
      this.setStatus(switchingProtocols);
      this.end(switchingProtocols);
      return response;
    }
    const wantsBody = details !== undefined && recorder.wantsBody(route);
    if (details) details.response = response;
    // A body that somebody else reads already is theirs to follow.
    if (stream && !stream.locked) return this.follow(response, stream, wantsBody);
    // Node's message will tell its size by itself.
    const wantsSize = recorder.measuresSizes && !this.context?.outgoing;
    if (details) noteBody(details, response, stream, wantsSize, wantsBody);
    if (!this.sendsLater(response, stream)) this.over("completed");
    return response;
  }

  /** Watches a stream to its end. */
  private follow(response: Response, stream: ReadableStream<Uint8Array>, wantsBody: boolean): Response {
    const { details, series: { recorder } } = this;
    // Server-sent events go on for as long as the client likes.
    if (recorder.contentType(response)?.startsWith("text/event-stream")) this.open();
    const outgoing = this.context?.outgoing;
    if (outgoing) this.listen(outgoing);
    // Node's message tells all but sizes; elsewhere only the stream knows that it broke, or that its client left.
    if (outgoing && !wantsBody && !recorder.measuresSizes) return response;
    const watched = watchBody(stream, wantsBody, (outcome, bytes, body) => {
      if (details) {
        details.responseBytes = bytes;
        details.body = body;
      }
      if (!outgoing) this.over(outcome);
    });
    return new Response(watched, response);
  }

  /** Does the message take longer than this answer, so that it has to tell its end itself? */
  private sendsLater(response: Response, stream: ReadableStream<Uint8Array> | null | undefined): boolean {
    const outgoing = this.context?.outgoing;
    if (!outgoing || stream === null) return (this.state & told) !== 0;
    // A stream that somebody else reads, a body of unknown length, or one whose size the message alone will tell.
    const { readyLength, measuresSizes } = this.series.recorder;
    const length = stream === undefined ? readyLength?.(response) : undefined;
    if (length !== undefined && length <= socketBufferBytes && !measuresSizes) return false;
    this.listen(outgoing);
    return true;
  }

  /** Notes that the head is known: the status that the client sees, and the route where it is known better. */
  head(status: number, route: string | undefined): void {
    if (this.status !== 0) return;
    this.setStatus(status);
    if (route !== undefined) this.series = this.series.recorder.move(this.series, route);
    if (this.details) this.details.headDurationSeconds = this.series.recorder.now() - this.beganAt;
  }

  /** Keeps the status beside the flags. */
  private setStatus(status: number): void {
    this.state = this.state & ~statusBits | status;
  }

  /** Counts what stays open for as long as its client likes. */
  private open(): void {
    if (this.state & opened) return;
    this.state |= opened;
    this.series.recorder.record(this, "completed", Number.NaN);
  }

  /** Ends the request; it is counted at once, or when what is still being read of it is known. */
  private over(how: Outcome): void {
    if (this.state & ended) return;
    const { recorder } = this.series;
    const durationSeconds = recorder.now() - this.beganAt;
    // Where there was no head yet, the end of everything is the client's doing.
    if (this.status === 0) this.state |= unanswered;
    const left = this.status === 0 || how === "aborted" || (!(this.state & told) && this.hasLeft(durationSeconds));
    const outcome = left ? "aborted" : how;
    if (left) this.setStatus(clientClosedRequest);
    this.state |= ended;
    recorder.leave(this);
    if (this.state & opened) return;
    const reading = this.details?.reading;
    if (reading) reading.then(() => recorder.record(this, outcome, durationSeconds));
    else recorder.record(this, outcome, durationSeconds);
  }

  /**
   * Node's message knows it at once. A signal costs 0.3 µs to ask, so that of a request which took no longer than a client
   * needs to leave is not asked. On Deno asking halves throughput, and the signal aborts on every success.
   */
  private hasLeft(durationSeconds: number): boolean {
    const outgoing = this.context?.outgoing;
    if (outgoing) return isGone(outgoing);
    return durationSeconds > quickSeconds && this.series.recorder.signalsAborts && this.request.signal.aborted;
  }
}
