import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { deliver, type DeliveryOptions, FailedAttempt } from "../../src/push/delivery.ts";
import type { PushRequest } from "../../src/push/target.ts";

const request: PushRequest = {
  url: "http://user:secret@push.example/import?token=hidden",
  method: "POST",
  contentType: "text/plain",
  body: "a 1\n",
};

type Answer = () => Response | Promise<Response>;

/** Delivers with answers that stand ready, and time that only passes in the pauses. */
function setUp(answers: readonly Answer[], options: Partial<DeliveryOptions> = {}) {
  let time = 100;
  const pauses: number[] = [];
  const sent: { url: string; init: RequestInit }[] = [];
  const result = deliver(request, {
    mayRetry: () => true,
    protocol: "victoriametrics",
    headers: {},
    timeoutSeconds: 5,
    deadline: 110,
    retries: 3,
    now: () => time,
    random: () => 1,
    sleep(seconds) {
      pauses.push(seconds);
      time += seconds;
      return Promise.resolve();
    },
    async fetch(url, init) {
      sent.push({ url, init });
      return await answers[sent.length - 1]!();
    },
    ...options,
  });
  return { result, pauses, sent };
}

const status = (code: number, headers: Record<string, string> = {}, text = "") => () =>
  new Response(text || null, { status: code, headers });
const refused = (): Promise<Response> => Promise.reject(new TypeError("connection refused"));

describe("deliver()", () => {
  it("sends once what is accepted", async () => {
    const { result, pauses, sent } = setUp([status(204)], { headers: { authorization: "Bearer x" } });
    assertEquals(await result, undefined);
    assertEquals(pauses, []);
    const { url, init: { method, headers, body, redirect, signal } } = sent[0]!;
    assertEquals([url, method, body, redirect], [request.url, "POST", request.body, "manual"]);
    assertEquals(headers, { authorization: "Bearer x", "content-type": "text/plain" });
    assert(signal instanceof AbortSignal);
  });

  it("tries again after what may pass, with pauses that double", async () => {
    const { result, pauses, sent } = setUp([refused, status(503), status(429), status(204)]);
    await result;
    assertEquals(sent.length, 4);
    assertEquals(pauses, [0.5, 1, 2]);
  });

  it("draws the pauses at random from what they may be at most", async () => {
    const { result, pauses } = setUp([refused, refused, status(204)], { random: () => 0.25 });
    await result;
    assertEquals(pauses, [0.125, 0.25]);
  });

  it("waits as long as it is asked to", async () => {
    const { result, pauses } = setUp([status(429, { "retry-after": "4" }), status(204)]);
    await result;
    assertEquals(pauses, [4]);
  });

  it("waits until the date that it is given", async () => {
    // The clock begins at 100 s.
    const { result, pauses } = setUp([status(503, { "retry-after": "Thu, 01 Jan 1970 00:01:46 GMT" }), status(204)]);
    await result;
    assertEquals(pauses, [6]);
  });

  it("takes a Retry-After that is past, or says nothing, for none", async () => {
    for (const value of ["Thu, 01 Jan 1970 00:01:39 GMT", "-5", "soon", "0", ""]) {
      const { result, pauses } = setUp([status(429, { "retry-after": value }), status(204)]);
      await result;
      assertEquals(pauses, [0.5], value);
    }
  });

  it("tells how long it was asked to wait, five minutes at most, and only where another try is worth it", async () => {
    for (const [code, value, seconds] of [[429, "60", 60], [503, "86400", 300], [400, "60", 0]] as const) {
      const error = await assertRejects(() => setUp([status(code, { "retry-after": value })]).result, FailedAttempt);
      assertEquals(error.afterSeconds, seconds);
    }
  });

  it("gives up when the next attempt would come too late", async () => {
    const { result, pauses, sent } = setUp([status(503, { "retry-after": "10" })]);
    await assertRejects(() => result, Error, "it answered 503");
    assertEquals([sent.length, pauses], [1, []]);
  });

  it("gives up after as many retries as it may make", async () => {
    const { result, sent } = setUp([refused, refused, refused], { retries: 2 });
    await assertRejects(() => result, Error, "the connection was refused");
    assertEquals(sent.length, 3);
  });

  it("does not repeat what is refused for good, a redirect among it", async () => {
    for (const code of [400, 401, 404, 302]) {
      const { result, sent } = setUp([status(code)]);
      await assertRejects(() => result, Error, `it answered ${code}`);
      assertEquals(sent.length, 1);
    }
  });

  it("repeats by OTLP's own list where that is spoken", async () => {
    for (const [code, attempts] of [[500, 1], [408, 1], [502, 2], [503, 2], [504, 2], [429, 2]] as const) {
      const { result, sent } = setUp([status(code), status(200)], { protocol: "otlp" });
      await result.catch(() => {});
      assertEquals(sent.length, attempts, String(code));
    }
  });

  describe("where an answer does not come to its end", () => {
    // On Node the signal's own timer keeps no process alive, and here is no connection that would.
    const alive = async (act: () => Promise<void>): Promise<void> => {
      const timer = setTimeout(() => {}, 10_000);
      try {
        await act();
      } finally {
        clearTimeout(timer);
      }
    };
    /** A body that begins and never ends, and heeds no signal. */
    const stuck = (code: number, text: string) => () =>
      new Response(
        new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(text)) }),
        { status: code },
      );
    const silent = (code: number) => () => new Response(new ReadableStream(), { status: code });
    const impatient = { retries: 1, timeoutSeconds: 0.05 };

    it("ends the attempt in time, whether or not what sends heeds the signal", () =>
      alive(async () => {
        const heeding: DeliveryOptions["fetch"] = (_url, { signal }) =>
          new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
        for (const fetch of [heeding, () => new Promise<never>(() => {})]) {
          const begin = performance.now();
          const { result } = setUp([], { ...impatient, fetch, retries: 0 });
          await assertRejects(() => result, Error, "Cannot push to http://push.example: ");
          // A signal's timer is not early by more than its own grain; how late it is is up to the machine.
          assert(performance.now() - begin > 40);
        }
      }));

    it("lets go of an answer that comes too late", () =>
      alive(async () => {
        const cancelled = new Promise<void>((cancel) => {
          const late = async (): Promise<Response> => {
            await new Promise((wait) => setTimeout(wait, 100));
            return new Response(new ReadableStream({ cancel: () => cancel() }));
          };
          const { result } = setUp([late], { ...impatient, retries: 0 });
          result.catch(() => {});
        });
        await cancelled;
      }));

    it("takes the status for the outcome, and does not wait for the body", async () => {
      for (const answer of [stuck(200, "thanks"), silent(200)]) {
        const { result, sent } = setUp([answer], { protocol: "pushgateway", timeoutSeconds: 60 });
        assertEquals(await result, undefined);
        assertEquals(sent.length, 1);
      }
    });

    it("knows what was refused for good, and does not send it again", () =>
      alive(async () => {
        const { result, sent } = setUp([silent(400)], impatient);
        await assertRejects(() => result, Error, "it answered 400");
        assertEquals(sent.length, 1);
      }));

    it("tells where a collector did not say in time what it has thrown away, and does not send it again", () =>
      alive(async () => {
        for (const answer of [stuck(200, '{"partialSuccess":{'), silent(200)]) {
          const { result, sent } = setUp([answer], { ...impatient, protocol: "otlp" });
          assertEquals(await result, "its answer did not end in time");
          assertEquals(sent.length, 1);
        }
      }));
  });

  it("names the origin and a reason, and quotes neither the address nor an answer", async () => {
    const { result } = setUp([status(400, {}, "cannot parse line 1, authorization: secret")]);
    const error = await assertRejects(() => result, Error);
    assertEquals(error.message, "Cannot push to http://push.example: it answered 400: it did not take what was pushed");
  });

  it("tells why there was no answer in words of its own, whatever the runtime says", async () => {
    const quoting = "of http://user:secret@push.example/import?token=hidden";
    const cases: [thrown: unknown, reason: string][] = [
      [new TypeError(`Failed to parse URL ${quoting}`), "the request failed"],
      [
        new TypeError("fetch failed", { cause: { code: "ENOTFOUND", message: `getaddrinfo ${quoting}` } }),
        "its name is not known",
      ],
      [new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }), "the connection broke"],
      [
        new Error(`error sending request ${quoting}: tcp connect error: Connection refused (os error 111)`),
        "the connection was refused",
      ],
      [
        Object.assign(new Error(quoting), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
        "its certificate or its TLS was not accepted",
      ],
      [new DOMException(quoting, "TimeoutError"), "no answer in time"],
      [quoting, "the request failed"],
      [undefined, "the request failed"],
    ];
    for (const [thrown, reason] of cases) {
      const { result } = setUp([() => Promise.reject(thrown)], { retries: 0 });
      const error = await assertRejects(() => result, Error);
      assertEquals(error.message, `Cannot push to http://push.example: ${reason}`);
    }
  });

  it("reads no more than the beginning of an endless answer", async () => {
    let pulls = 0;
    let cancelled = false;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            pulls++;
            controller.enqueue(new TextEncoder().encode("x".repeat(1000)));
          },
          cancel() {
            cancelled = true;
          },
        }),
      );
    await setUp([endless], { protocol: "otlp" }).result;
    // 10,000 characters, and what streams ask for ahead.
    assert(pulls < 15, String(pulls));
    assert(cancelled);
  });

  it("tells what a collector has thrown away, and does not send it again", async () => {
    const answer = JSON.stringify({ partialSuccess: { rejectedDataPoints: "3", errorMessage: "too old" } });
    const inPieces = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (const piece of answer) controller.enqueue(new TextEncoder().encode(piece));
            controller.close();
          },
        }),
      );
    for (const whole of [status(200, {}, answer), inPieces]) {
      const { result, sent } = setUp([whole], { protocol: "otlp" });
      assertEquals(await result, "it rejected 3 data points");
      assertEquals(sent.length, 1);
    }
    for (const text of ["{}", '{"partialSuccess":{}}', "not json", ""]) {
      assertEquals(await setUp([status(200, {}, text)], { protocol: "otlp" }).result, undefined);
    }
  });
});
