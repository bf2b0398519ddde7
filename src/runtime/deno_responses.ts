/**
 * What Deno tells of requests and responses.
 *
 * @module
 */

import { nativeStatus } from "./native_status.ts";
import type { ResponseShim, Runtime, StreamFollower } from "./shim.ts";
import { ownSymbol, type StepPlace, streamFollower } from "./stream_end.ts";

/** Makes that part of Deno's shim. */
export function denoResponses(): ResponseShim {
  return {
    bodyStream: bodyStream(),
    followStream: streamFollower(stepPlace),
    followSent,
    replaceBody: replaceBody(),
    readyBody: readyBody(),
    // Once its answer was sent, a request throws where its headers were not looked at before (Deno 2.9.5).
    keepRequest: (request) => void request.headers,
    requestHeader: requestHeader(),
    sentStatus: sentStatus(),
  };
}

/**
 * Makes the test for streams. Deno keeps a ready body beside the response until somebody reads it, which costs 0.5 µs and
 * makes a stream of it; looking at where it is kept costs 0.03 µs. Where Deno keeps it elsewhere, the body is read.
 */
function bodyStream(): Runtime["bodyStream"] {
  const sample = new Response(null);
  const ready = ownSymbol(sample, "lazy static body");
  const inner = ownSymbol(sample, "response");
  if (!ready || !inner) return (response) => response.body;
  return (response) => {
    const kept = response as unknown as { [key: symbol]: unknown };
    if (kept[ready] !== null) return kept[ready] === undefined ? response.body : undefined;
    const { body } = kept[inner] as InnerResponse;
    if (body === null) return null;
    // What stood ready is sent so even where somebody has made a stream of it.
    if (isReady(body.source)) return undefined;
    return body.streamOrStatic instanceof ReadableStream ? body.streamOrStatic : undefined;
  };
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

/**
 * Makes what puts a stream in the place of a response's own, where Deno keeps it: its server reads past a stream's methods,
 * and a response made anew would lose what makes a proxied answer right. Where Deno keeps it elsewhere, nothing is put.
 */
function replaceBody(): NonNullable<Runtime["replaceBody"]> {
  const inner = ownSymbol(new Response(null), "response");
  const isBroken = brokenStream();
  return (response, own, request) => {
    const body = inner && (response as unknown as { [key: symbol]: InnerResponse | undefined })[inner]?.body;
    const stream = body?.streamOrStatic;
    // What is broken already its server refuses; what is put in its place would be begun.
    if (!(stream instanceof ReadableStream) || isBroken(stream) || isOwnBody(request, own)) return undefined;
    return (watched) => {
      body!.streamOrStatic = watched;
      return response;
    };
  };
}

/**
 * Is a response's stream the body of its request? Deno passes that on by itself; read by JavaScript, the end of one in a hundred
 * long ones never came (2.9.5).
 */
function isOwnBody(request: Request, stream: ReadableStream): boolean {
  try {
    return request.method !== "GET" && request.method !== "HEAD" && request.body === stream;
  } catch {
    return false;
  }
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

/** Makes what tells a body that stands ready: reading its headers or a copy of it would change how it is sent. */
function readyBody(): NonNullable<Runtime["readyBody"]> {
  const sample = new Response(null);
  const [ready, inner] = [ownSymbol(sample, "lazy static body"), ownSymbol(sample, "response")];
  return (response) => {
    const kept = response as unknown as { [key: symbol]: unknown };
    const source = (ready && kept[ready]) ?? (inner && (kept[inner] as InnerResponse | undefined)?.body?.source);
    return isReady(source) ? source : undefined;
  };
}

function isReady(source: unknown): source is string | Uint8Array {
  return typeof source === "string" || source instanceof Uint8Array;
}

/** Makes what asks for one header: whose headers were looked at as a whole, its server treats otherwise (see below). */
function requestHeader(): NonNullable<Runtime["requestHeader"]> {
  const inner = ownSymbol(new Request("http://localhost"), "request");
  return (request, name) => {
    const kept = inner && (request as unknown as { [key: symbol]: { header?: unknown } | undefined })[inner];
    try {
      if (typeof kept?.header === "function") return kept.header(name) as string | null;
    } catch {
      // Once its answer was sent, only headers that were kept are there.
    }
    return request.headers.get(name);
  };
}

/**
 * Makes what tells the status of an answer. What its server cannot send is a 500, as long as nobody has looked at the
 * request's headers by then: where somebody has, Deno leaves its own error unhandled, which ends the process (2.9.5).
 */
function sentStatus(): NonNullable<Runtime["sentStatus"]> {
  const sample = new Response(null);
  const inner = ownSymbol(sample, "response");
  const ready = ownSymbol(sample, "lazy static body");
  const consumed = ownSymbol(sample, "serve fast consumed");
  const isBroken = brokenStream();
  const statusOf = nativeStatus();
  if (!inner || !ready || !consumed) return (answer) => statusOf(answer) ?? -500;
  return (answer) => {
    const kept = answer as { [key: symbol]: InnerResponse | null | undefined };
    if (!(answer instanceof Response) || !kept[inner] || kept[consumed]) return -500;
    const { type, status, body } = kept[inner];
    if (type === "error") return -500;
    const stream = body?.streamOrStatic;
    if (stream instanceof ReadableStream && !isReady(body!.source)) {
      return isBroken(stream) || stream.locked || Object.isFrozen(stream) || body!.consumed() ? -500 : status;
    }
    // Whoever sends it notes that on it.
    const isUsed = kept[ready] === null && body !== null && body.consumed();
    return isUsed || (Object.isFrozen(answer) && (body !== null || kept[ready] !== null)) ? -500 : status;
  };
}

/** Makes what tells whether a stream is broken. */
function brokenStream(): (stream: ReadableStream) => boolean {
  const state = ownSymbol(new ReadableStream(), "[[state]]");
  return (stream) => state !== undefined && (stream as unknown as { [key: symbol]: unknown })[state] === "errored";
}

/** What a response of Deno's keeps inside. */
interface InnerResponse {
  readonly type: string;
  readonly status: number;
  readonly body: { streamOrStatic?: unknown; readonly source?: unknown; consumed(): boolean } | null;
}
