/**
 * The trace that a request belongs to.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { RequestUnderWay } from "./exchange_recorder.ts";
import { headerOf } from "./request.ts";
import type { ServerContext } from "./server_context.ts";

/** What OpenTelemetry's API keeps under its symbol, as far as it is used. It is there once a program has set it up. */
interface OpenTelemetryLike {
  readonly context?: { active(): { getValue(key: symbol): unknown } };
}

/** A request that may belong to a trace. */
export interface Traced {
  /**
   * On Node its headers are not touched: reading them makes a whole `Request` of it. Undefined where it was let go of, and
   * its trace was found before.
   */
  readonly request: Request | undefined;
  /** What the server passed beside it. */
  readonly context: ServerContext | undefined;
  /** When it came, by the monotonic clock, in seconds. */
  readonly beganAt: number;
  /** Whose runtime may have its own way to a header. */
  readonly series?: { readonly recorder: { readonly runtime: Pick<Runtime, "requestHeader"> } };
  /** The trace where it was found before; null where there was none. */
  readonly trace?: string | null | undefined;
}

/** A span's own account of itself. */
interface SpanLike {
  spanContext(): { readonly traceId: string; readonly traceFlags: number };
}

const api: unique symbol = Symbol.for("opentelemetry.js.api.1") as never;
const spanKey = Symbol.for("OpenTelemetry Context Key SPAN");

/** Two digits of version, the trace, the caller's span, and the flags; later versions may have more behind that. */
const traceparent = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?$/;
const noTrace = "0".repeat(32);

/**
 * Finds the trace of a request: that of OpenTelemetry's active span, else the one that its caller named in `traceparent`.
 * Only traces that are recorded are told: an exemplar of any other leads nowhere.
 *
 * @param traced The request.
 * @returns 32 hexadecimal digits; undefined where there is no recorded trace.
 */
export function traceOf({ request, context, trace, series }: Traced): string | undefined {
  if (trace !== undefined) return trace ?? undefined;
  const span = activeSpan();
  if (span) return span.traceFlags & 1 && span.traceId !== noTrace ? span.traceId : undefined;
  const parts = traceparent.exec(traceparentOf(request, context, series?.recorder.runtime.requestHeader) ?? "");
  return parts && parts[1] !== noTrace && Number.parseInt(parts[2]!, 16) & 1 ? parts[1] : undefined;
}

/** Keeps the trace of a request, where that is wanted, as long as the request is there and its span is active. */
export function noteTrace(exchange: RequestUnderWay): void {
  if (exchange.series.recorder.readsLate) exchange.trace ??= traceOf(exchange) ?? null;
}

/** Has this program spans, of which each is active in its own context alone? */
export function hasSpans(): boolean {
  return telemetryContext() !== undefined;
}

function telemetryContext(): OpenTelemetryLike["context"] {
  return (globalThis as { [api]?: OpenTelemetryLike })[api]?.context;
}

function activeSpan(): ReturnType<SpanLike["spanContext"]> | undefined {
  // Somebody else's context manager may do anything; the request is none of its business here.
  return asked(() => (telemetryContext()?.active().getValue(spanKey) as SpanLike | undefined)?.spanContext());
}

function traceparentOf(
  request: Request | undefined,
  context: ServerContext | undefined,
  requestHeader: Runtime["requestHeader"],
): string | null | undefined {
  const raw = (context?.incoming as { readonly rawHeaders?: readonly string[] } | undefined)?.rawHeaders;
  if (!raw) return context?.incoming ? undefined : headerOf(request, "traceparent", requestHeader);
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i];
    if (name?.length === 11 && name.toLowerCase() === "traceparent") return raw[i + 1];
  }
  return undefined;
}
