/**
 * What Node tells of requests and responses.
 *
 * @module
 */

import type { ResponseShim, Runtime } from "./shim.ts";
import { ownSymbol, type StepPlace, streamFollower } from "./stream_end.ts";

export function nodeResponses(): ResponseShim {
  return { ...bodies(), followStream: streamFollower(stepPlace), signalTellsAbort: true };
}

/** Where `@hono/node-server` keeps what its light response was made of. Found when first seen. */
let lightParts: symbol | undefined;

/** What a light response was made of: status, body, headers; nothing for a real one. */
function partsOf(response: Response): readonly unknown[] {
  lightParts ??= ownSymbol(response, "cache");
  const parts = lightParts && (response as unknown as { [key: symbol]: unknown })[lightParts];
  return Array.isArray(parts) ? parts : [];
}

/** A body as Node 20 and 22 keep it beside its response: what it was made of is null for a stream. */
interface KeptBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly source: unknown;
  readonly length: number | null;
}

/**
 * Makes what looks at the body of a response of Node's own; it answers undefined where nobody can look at it, or where it is
 * somebody's own.
 */
function keptBodies(): (response: Response) => KeptBody | null | undefined {
  const own = ownResponse();
  const state = own && ownSymbol(own, "state");
  if (!state) return () => undefined;
  const prototype = Object.getPrototypeOf(own);
  return (response) => {
    if (Object.getPrototypeOf(response) !== prototype || Object.hasOwn(response, "body")) return undefined;
    return (response as unknown as { [key: symbol]: { readonly body: KeptBody | null } | undefined })[state]?.body;
  };
}

/** Makes a response of Node's own. There may be none: test runners put other globals, or those of another realm, here. */
function ownResponse(): Response | undefined {
  try {
    // A light one may stand before it. The last step before any realm's `Object.prototype` is the platform's.
    let { prototype } = Response;
    for (;;) {
      const next = Object.getPrototypeOf(prototype);
      if (Object.getPrototypeOf(next) === null) return new (prototype.constructor as typeof Response)();
      prototype = next;
    }
  } catch {
    return undefined;
  }
}

const isWhole = (body: unknown): boolean => typeof body === "string" || body instanceof Uint8Array;

/**
 * A light response of `@hono/node-server` becomes a real one, for 6 to 11 µs, when its body is read, and is then sent with
 * other headers; what it was made of tells as much. A real response has a stream in any case.
 */
function bodies(): Pick<Required<Runtime>, "bodyStream" | "readyLength" | "contentType"> {
  const keptBody = keptBodies();
  return {
    bodyStream(response, counts = false) {
      const kept = keptBody(response);
      if (kept !== undefined) return kept && (isWhole(kept.source) && !counts ? undefined : kept.stream);
      const parts = partsOf(response);
      if (parts.length === 0) return response.body;
      // Another library's stream is sent as well as what stands ready.
      const body = parts[1] ?? null;
      return body === null || body instanceof ReadableStream ? body : undefined;
    },
    readyLength(response) {
      const kept = keptBody(response);
      if (kept) return kept.length ?? undefined;
      const body = partsOf(response)[1];
      if (typeof body === "string") return body.length;
      return body instanceof Uint8Array ? body.byteLength : undefined;
    },
    // Reading the headers of a light response would give it a content type, and so change what is sent.
    contentType(response) {
      const [status, , headers] = keptBody(response) === undefined ? partsOf(response) : [];
      if (status === undefined || headers instanceof Headers) return response.headers.get("content-type");
      return new Headers(headers as HeadersInit | undefined).get("content-type");
    },
  };
}

/** Node keeps what it calls when a stream is cancelled with the state of the stream's controller. */
function stepPlace(sample: ReadableStream): StepPlace | undefined {
  type Kept = { readonly [key: symbol]: { readonly controller?: Kept } };
  const state = ownSymbol(sample, "kState");
  return state && {
    steps: (stream) => (stream as unknown as Kept)[state]!.controller?.[state] as never,
    cancel: "cancelAlgorithm",
  };
}
