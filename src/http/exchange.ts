/**
 * One request, from its arrival to the end of its response.
 *
 * A response is not over when the handler returns it: its body may take longer, and its client may leave. Each runtime
 * tells the end in its own way, and only where none does is the body itself watched, since that costs throughput.
 *
 * @module
 */

import type { PendingItem } from "../pending.ts";
import type { Runtime } from "../runtime/shim.ts";
import { readBody, watchBody } from "./body.ts";
import type { Outcome } from "./info.ts";
import type { Measured } from "./meter.ts";
import { carrierOf, type OutgoingLike, type PlatformLike, platformOf } from "./platform.ts";

/** The status under which requests are counted whose client left, as nginx writes it. */
const clientClosedRequest = 499;

/** No client leaves faster than this, in seconds. */
const quickSeconds = 0.002;

/** Under this name the objects of a request hold what measures it, for every copy of this package. */
const current: unique symbol = Symbol.for("@rtm/runtime-metrics.exchange");

/** An object of a request. */
interface Carrier {
  [current]?: Exchange;
}

/** Where the requests of one method on one route are counted. */
export interface Lane {
  readonly route: string;
  readonly method: string;
  /** Its slot in the gauge of requests under way. */
  readonly inProgress: number;
  /** The slot of each meter, by status and outcome. */
  readonly slots: Map<number, Int32Array>;
  /** Are requests of this template left out, whatever their path? */
  readonly excluded: boolean;
}

/** What an exchange needs of the recorder that made it. */
export interface ExchangeRecorder {
  /** The runtime's clock, in seconds. */
  readonly now: () => number;
  /** The stream that a response's body is made of. */
  readonly bodyStream: Runtime["bodyStream"];
  /** The content type that a response was given. */
  readonly contentType: (response: Response) => string | null;
  /** Does a request's signal abort only when its client left, and cost little to ask? */
  readonly signalsAborts: boolean;
  /** Does any metric need the time of the response's head? */
  readonly measuresHead: boolean;
  /** Does any metric need the sizes of requests or responses? */
  readonly measuresSizes: boolean;
  /** Is the body of this route's responses wanted by own recorders? */
  wantsBody(route: string): boolean;
  /** Takes a request out of those in flight. */
  leave(exchange: Exchange): void;
  /** Counts a request: at its end, or when it opens and stays open. */
  record(exchange: Exchange): void;
}

/**
 * Tells whether a request is measured already: by a middleware on an outer app, or by an instrumented handler around it.
 *
 * @param request The request.
 * @param platform What the server passed beside it.
 * @returns What measures it.
 */
export function exchangeOf(request: Request, platform: unknown): Exchange | undefined {
  const carrier = carrierOf(request, platformOf(platform)) as Carrier;
  const exchange = carrier[current];
  // One and the same `Request` may be handled twice, one time after the other. What a server made for one request may not,
  // though that can be over before its handlers are: its client has left.
  return exchange?.isOver && carrier === request ? undefined : exchange;
}

/** A request under way. A recorder makes it, and its end is counted once. */
export class Exchange implements PendingItem, Measured {
  readonly beganAt: number;
  previous?: PendingItem | undefined;
  next?: PendingItem | undefined;
  readonly lane: Lane;
  readonly request: Request;
  response: Response | undefined;
  /** The route that answered, where it is another than was expected at the beginning. */
  route: string | undefined;
  /** The status that the client sees; 0 until it is known. */
  status = 0;
  outcome: Outcome = "completed";
  headDurationSeconds: number = Number.NaN;
  durationSeconds: number = Number.NaN;
  requestBytes: number = Number.NaN;
  responseBytes: number = Number.NaN;
  body: Uint8Array | undefined;
  /** It was counted when it opened, and how long it stays open is no duration. */
  opened = false;
  readonly #recorder: ExchangeRecorder;
  readonly #platform: PlatformLike | undefined;
  /** Something tells the end of the response without its body being watched. */
  #told: boolean;
  /** A ready body whose size is being read; the request is counted when it is known. */
  #reading: Promise<void> | undefined;
  #ended = false;
  #discarded = false;

  /** Only a recorder makes these. */
  constructor(recorder: ExchangeRecorder, lane: Lane, request: Request, platform: unknown, beganAt: number) {
    this.#recorder = recorder;
    this.#platform = platformOf(platform);
    this.lane = lane;
    this.request = request;
    this.beganAt = beganAt;
    (carrierOf(request, this.#platform) as Carrier)[current] = this;
    if (recorder.measuresSizes) {
      this.requestBytes = this.#length(request.headers, this.#platform?.incoming?.headers);
      // Without a length these two have no body; what the others have is not known then.
      if (Number.isNaN(this.requestBytes) && (lane.method === "GET" || lane.method === "HEAD")) this.requestBytes = 0;
    }
    this.#told = this.#listen();
  }

  /**
   * Notes the response that the handler made.
   *
   * @param response The response.
   * @param route The route that answered, where it is known better than at the beginning.
   * @returns The response to send: the same one, save where its body has to be watched.
   */
  answer(response: Response, route?: string): Response {
    if (this.#ended) return response;
    this.#head(response.status, route);
    this.response = response;
    const recorder = this.#recorder;
    // What is made for HEAD is thrown away unread.
    const stream = this.lane.method === "HEAD" ? null : recorder.bodyStream(response);
    if (this.#isUpgrade(response, stream === null)) {
      this.end(101);
      return response;
    }
    const wantsBody = recorder.wantsBody(this.route ?? this.lane.route);
    // A body that somebody else reads already is theirs to follow.
    if (stream && !stream.locked) return this.#stream(response, stream, wantsBody);
    if (stream === null) {
      this.responseBytes = 0;
      if (wantsBody) this.body = new Uint8Array();
    } else if (!stream && (wantsBody || (recorder.measuresSizes && !this.#platform?.outgoing))) {
      this.#read(response, wantsBody);
    }
    if (!this.#told) this.#over("completed");
    return response;
  }

  /**
   * Ends a request without a response to look at. With 101 it is a WebSocket, counted when it opens.
   *
   * @param status The status that the client sees.
   * @param route The route, where it is known better than at the beginning.
   */
  end(status: number, route?: string): void {
    if (this.#ended) return;
    if (status === 101) {
      this.status = 0;
      this.#head(status, route);
      this.#open();
    } else {
      this.#head(status, route);
    }
    this.#over("completed");
  }

  /** Was it counted? What was left out is not: nothing inside may count it either. */
  get isOver(): boolean {
    return this.#ended && !this.#discarded;
  }

  /** Leaves the request out: it is in flight no more, and nothing is counted. */
  discard(): void {
    if (this.#ended) return;
    this.#ended = this.#discarded = true;
    this.#recorder.leave(this);
  }

  /**
   * Node's outgoing message was closed.
   *
   * @param outgoing The message.
   */
  closed(outgoing: OutgoingLike): void {
    if (this.#recorder.measuresSizes && Number.isNaN(this.responseBytes)) {
      this.responseBytes = Number(outgoing._contentLength ?? outgoing.getHeader("content-length") ?? Number.NaN);
    }
    // A body that breaks destroys the message with its error; a client that leaves destroys it without one.
    if (outgoing.errored || outgoing.stream?.errored) this.#over("error");
    // On HTTP/2 what the client has cancelled is finished as well, but was never ended.
    else this.#over(outgoing.writableFinished && outgoing.writableEnded !== false ? "completed" : "aborted");
  }

  /** Begins before the handler, since a client may leave before it answers. */
  #listen(): boolean {
    const platform = this.#platform;
    if (platform?.outgoing) {
      const { outgoing } = platform;
      outgoing.on("close", onClose);
      // Behind a slow middleware the client may have left already, and no event tells it again.
      if (outgoing.closed) queueMicrotask(() => this.closed(outgoing));
      return true;
    }
    return false;
  }

  #stream(response: Response, stream: ReadableStream<Uint8Array>, wantsBody: boolean): Response {
    const { measuresSizes } = this.#recorder;
    // Server-sent events go on for as long as the client likes.
    if (this.#recorder.contentType(response)?.startsWith("text/event-stream")) this.#open();
    // Node's message tells all but sizes; elsewhere only the stream knows that it broke, or that its client left.
    if (this.#platform?.outgoing && !wantsBody && !measuresSizes) return response;
    const watched = watchBody(stream, wantsBody, (outcome, bytes, body) => {
      this.responseBytes = bytes;
      this.body = body;
      if (!this.#platform?.outgoing) this.#over(outcome);
    });
    return new Response(watched, response);
  }

  /** Reads a copy of a ready body, so that the response stays what it is. */
  #read(response: Response, wantsBody: boolean): void {
    const length = this.#length(response.headers);
    if (!wantsBody && !Number.isNaN(length)) {
      this.responseBytes = length;
      return;
    }
    this.#reading = readBody(response, wantsBody).then(({ bytes, body }) => {
      this.responseBytes = bytes;
      this.body = body;
    }, () => {});
  }

  #length(headers: Headers, nodeHeaders?: Readonly<Record<string, string | string[] | undefined>>): number {
    const text = nodeHeaders ? nodeHeaders["content-length"] : headers.get("content-length");
    return typeof text === "string" && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  }

  #head(status: number, route: string | undefined): void {
    if (this.status !== 0) return;
    this.status = status;
    if (route !== undefined) this.route = route;
    if (this.#recorder.measuresHead) this.headDurationSeconds = this.#recorder.now() - this.beganAt;
  }

  #open(): void {
    if (this.opened) return;
    this.opened = true;
    this.#recorder.record(this);
  }

  #over(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    const durationSeconds = this.#recorder.now() - this.beganAt;
    // Where there was no head yet, the end of everything is the client's doing.
    const left = this.status === 0 || outcome === "aborted" || (!this.#told && this.#hasLeft(durationSeconds));
    this.outcome = left ? "aborted" : outcome;
    if (left) this.status = clientClosedRequest;
    this.#recorder.leave(this);
    if (this.opened) return;
    this.durationSeconds = durationSeconds;
    if (this.#reading) this.#reading.then(() => this.#recorder.record(this));
    else this.#recorder.record(this);
  }

  /**
   * A signal costs 0.3 µs to ask, so that of a request which took no longer than a client needs to leave is not asked. On
   * Deno asking halves throughput, and the signal aborts on every success.
   */
  #hasLeft(durationSeconds: number): boolean {
    return durationSeconds > quickSeconds && this.#recorder.signalsAborts && this.request.signal.aborted;
  }

  /**
   * A WebSocket: 101 on Deno; elsewhere an empty answer, on Node to a connection without an outgoing message, on Bun to a
   * request for an upgrade. What is not empty, or has another status, has refused it.
   */
  #isUpgrade(response: Response, isEmpty: boolean): boolean {
    if (response.status === 101) return true;
    if (!isEmpty || this.#told || response.status !== 200) return false;
    if (this.#platform?.incoming) return true;
    return this.request.headers.get("upgrade")?.toLowerCase() === "websocket";
  }
}

function onClose(this: OutgoingLike): void {
  (this as Carrier)[current]?.closed(this);
}
