import { afterEach, describe, it } from "node:test";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { type Traced, traceOf } from "../../src/http/trace.ts";
import { parseStrictly } from "../support/strict_page.ts";

const id = "4bf92f3577b34da6a3ce929d0e0e4736";
const other = "0af7651916cd43dd8448eb211c80319c";
const parent = (traceId = id, flags = "01", version = "00"): string =>
  `${version}-${traceId}-00f067aa0ba902b7-${flags}`;

const traced = (header: string | undefined, context?: Traced["context"]): Traced => ({
  request: new Request("http://localhost/", header === undefined ? {} : { headers: { traceparent: header } }),
  context,
  beganAt: 0,
});

/** A context manager in which one span is active all the time. */
function activate(traceId: string, traceFlags: number): void {
  const span = trace.wrapSpanContext({ traceId, spanId: "00f067aa0ba902b7", traceFlags });
  const active = trace.setSpan(ROOT_CONTEXT, span);
  context.setGlobalContextManager({
    active: () => active,
    with: (_, callback, self, ...rest) => callback.call(self as never, ...rest),
    bind: (_, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });
}

describe("traceOf()", () => {
  afterEach(() => context.disable());

  const headers: [header: string | undefined, traceId: string | undefined][] = [
    [undefined, undefined],
    [parent(), id],
    [parent(id, "03"), id],
    [parent(id, "00"), undefined],
    [parent(id, "02"), undefined],
    [parent("0".repeat(32)), undefined],
    [parent(id, "01", "ff"), undefined],
    [`${parent(id, "01", "01")}-more`, id],
    [parent(id.toUpperCase()), undefined],
    [parent().slice(1), undefined],
    [`${parent()}, ${parent(other)}`, undefined],
    ["", undefined],
  ];
  for (const [header, traceId] of headers) {
    it(`finds ${traceId ? "the trace" : "nothing"} in ${JSON.stringify(header)}`, () => {
      assertEquals(traceOf(traced(header)), traceId);
    });
  }

  it("reads Node's raw headers where there are some, and never the request's", () => {
    const request = {
      get headers(): Headers {
        throw new Error("touched");
      },
    } as Request;
    const find = (incoming: object): string | undefined =>
      traceOf({ request, context: { incoming } as Traced["context"], beganAt: 0 });
    assertEquals(find({ rawHeaders: ["Host", "traceparent", "TraceParent", parent()] }), id);
    assertEquals(find({ rawHeaders: ["Host", "traceparent"] }), undefined);
    assertEquals(find({}), undefined);
  });

  it("goes by OpenTelemetry's active span before the header", () => {
    activate(other, 1);
    assertEquals(traceOf(traced(parent())), other);
    context.disable();
    assertEquals(traceOf(traced(parent())), id);
  });

  it("finds nothing where the active span is not recorded, whatever the header says", () => {
    activate(other, 0);
    assertEquals(traceOf(traced(parent())), undefined);
  });
});

describe("exemplars of requests", () => {
  const page = async (http: { exemplars?: boolean }, accept: string): Promise<string> => {
    using monitor = createMonitor({ registry: new Registry(), http });
    const handler = monitor.instrument((_: Request) => new Response("hello"));
    await handler(new Request("http://localhost/", { headers: { traceparent: parent() } })).text();
    const response = await monitor.handler(new Request("http://localhost/metrics", { headers: { accept } }));
    return await response.text();
  };

  it("stand in OpenMetrics behind the bucket that the request fell into", async () => {
    const text = await page({}, "application/openmetrics-text");
    const families = parseStrictly(text, "openmetrics");
    const durations = families.find(({ name }) => name === "http_request_duration_seconds")!;
    const exemplars = durations.samples.filter(({ exemplar }) => exemplar);
    assertEquals(exemplars.length, 1);
    const [{ labels, exemplar }] = exemplars as [typeof exemplars[0]];
    assertEquals(exemplar!.labels, { trace_id: id });
    assert(exemplar!.value <= (labels["le"] === "+Inf" ? Infinity : Number(labels["le"])));
    assert(Math.abs(exemplar!.unixSeconds! - Date.now() / 1000) < 60);
    assertEquals(durations.unit, "seconds");
  });

  it("do not stand in the older text, nor where they are switched off", async () => {
    for (
      const text of [await page({}, "text/plain"), await page({ exemplars: false }, "application/openmetrics-text")]
    ) {
      assertFalse(text.includes("trace_id"));
      assertMatch(text, /http_request_duration_seconds_count\S* 1\n/);
    }
  });
});
