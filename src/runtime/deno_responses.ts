/**
 * What Deno tells of requests and responses.
 *
 * @module
 */

import { asked } from "./asked.ts";
import { nativeStatus } from "./native_status.ts";
import type { ResponseShim, StreamFollower } from "./shim.ts";
import { ownSymbol, type StepPlace, streamFollower } from "./stream_end.ts";

/** What Deno keeps with its own objects under symbols. */
type Kept = { readonly [key: symbol]: unknown };

interface InnerResponse {
  readonly type: string;
  readonly status: number;
  readonly body: { streamOrStatic?: unknown; readonly source?: unknown; consumed(): boolean } | null;
}

/**
 * Makes that part of Deno's shim. Deno keeps a ready body beside the response until somebody reads it, which costs 0.5 µs
 * and makes a stream of it; looking at where it is kept costs 0.03 µs. Where Deno keeps it elsewhere, the body is read.
 */
export function denoResponses(): ResponseShim {
  const sample = new Response(null);
  const ready = ownSymbol(sample, "lazy static body");
  const inner = ownSymbol(sample, "response");
  const consumed = ownSymbol(sample, "serve fast consumed");
  const state = ownSymbol(new ReadableStream(), "[[state]]");
  const innerRequest = ownSymbol(new Request("http://localhost"), "request");
  const statusOf = nativeStatus();
  const readyOf = (response: Response): unknown => ready && (response as unknown as Kept)[ready];
  const innerOf = (response: Response): InnerResponse | undefined =>
    inner && (response as unknown as Kept)[inner] as InnerResponse | undefined;
  const isBroken = (stream: object): boolean => state !== undefined && (stream as Kept)[state] === "errored";
  return {
    bodyStream(response) {
      const kept = readyOf(response);
      if (!ready || !inner || kept === undefined) return response.body;
      if (kept !== null) return undefined;
      const { body } = innerOf(response)!;
      if (body === null) return null;
      // What stood ready is sent so even where somebody has made a stream of it.
      if (isReady(body.source)) return undefined;
      return body.streamOrStatic instanceof ReadableStream ? body.streamOrStatic : undefined;
    },
    followStream: streamFollower(stepPlace),
    followSent,
    /**
     * Another stream is put where Deno keeps a response's own: its server reads past a stream's methods, and a response made
     * anew would lose what makes a proxied answer right. Where Deno keeps it elsewhere, nothing is put.
     */
    replaceBody(response, own, request) {
      const body = innerOf(response)?.body;
      const stream = body?.streamOrStatic;
      // What is broken already its server refuses; what is put in its place would be begun.
      if (!(stream instanceof ReadableStream) || isBroken(stream) || isOwnBody(request, own)) return undefined;
      return (watched) => {
        body!.streamOrStatic = watched;
        return response;
      };
    },
    /** Reading the headers of a ready body, or a copy of it, would change how it is sent. */
    readyBody(response) {
      const source = readyOf(response) ?? innerOf(response)?.body?.source;
      return isReady(source) ? source : undefined;
    },
    // Once its answer was sent, a request throws where its headers were not looked at before (Deno 2.9.5).
    keepRequest: (request) => void request.headers,
    /** One header alone: whose headers were looked at as a whole, its server treats otherwise (see below). */
    requestHeader(request, name) {
      const kept = innerRequest && (request as unknown as Kept)[innerRequest] as { header?: unknown } | undefined;
      try {
        if (typeof kept?.header === "function") return kept.header(name) as string | null;
      } catch {
        // Once its answer was sent, only headers that were kept are there.
      }
      return request.headers.get(name);
    },
    /**
     * What its server cannot send is a 500, as long as nobody has looked at the request's headers by then: where somebody
     * has, Deno leaves its own error unhandled, which ends the process (2.9.5).
     */
    sentStatus(answer) {
      if (!inner || !ready || !consumed) return statusOf(answer) ?? -500;
      const kept = answer instanceof Response && !(answer as unknown as Kept)[consumed] ? innerOf(answer) : undefined;
      if (!kept || kept.type === "error") return -500;
      const { status, body } = kept;
      const stream = body?.streamOrStatic;
      if (stream instanceof ReadableStream && !isReady(body!.source)) {
        return isBroken(stream) || stream.locked || Object.isFrozen(stream) || body!.consumed() ? -500 : status;
      }
      const isTaken = readyOf(answer as Response) === null;
      // Whoever sends it notes that on it.
      const isUsed = isTaken && body !== null && body.consumed();
      return isUsed || (Object.isFrozen(answer) && (body !== null || !isTaken)) ? -500 : status;
    },
  };
}

/** Deno tells when it has sent a request's own body, or its client has left, and not which. */
function followSent(
  request: Request,
  server: unknown,
  stream: ReadableStream | undefined,
  follower: StreamFollower,
): boolean {
  if (!stream || !isOwnBody(request, stream)) return false;
  const { completed } = (server ?? {}) as { completed?: PromiseLike<unknown> };
  if (!completed) return false;
  completed.then(() => follower.over("completed"), () => follower.over("aborted"));
  return true;
}

/**
 * Is a response's stream the body of its request? Deno passes that on by itself; read by JavaScript, the end of one in a hundred
 * long ones never came (2.9.5).
 */
function isOwnBody(request: Request, stream: ReadableStream): boolean {
  return asked(() => request.method !== "GET" && request.method !== "HEAD" && request.body === stream) === true;
}

function isReady(source: unknown): source is string | Uint8Array {
  return typeof source === "string" || source instanceof Uint8Array;
}

/**
 * Deno keeps what it calls when a stream is cancelled with the stream's controller, whose class has what it calls for each
 * piece. A stream of a file or of a proxied answer is not read by JavaScript at all, so nothing of it is told there.
 */
function stepPlace(sample: ReadableStream): StepPlace | undefined {
  type Kept = { readonly [key: symbol]: object | null | undefined };
  const controller = ownSymbol(sample, "[[controller]]");
  const backing = ownSymbol(sample, "[[resourceBacking]]");
  const steps = controller && (sample as unknown as Kept)[controller];
  if (!steps || !backing) return undefined;
  const cancel = ownSymbol(steps, "[[cancelAlgorithm]]");
  const pull = ownSymbol(Object.getPrototypeOf(steps), "[[PullSteps]]");
  if (!cancel || !pull) return undefined;
  return {
    steps: (stream) => {
      const kept = stream as unknown as Kept;
      return kept[backing] ? undefined : kept[controller] as never;
    },
    cancel,
    pull,
  };
}
