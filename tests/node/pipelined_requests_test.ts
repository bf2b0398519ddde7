// node:http is on each runtime, and so are these tests: requests that wait behind another one on their connection, whose
// messages nobody tells that it is gone.

import { createServer, type RequestListener } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { assertEquals } from "@std/assert";
import { getRequestListener } from "@hono/node-server";
import { httpMetrics } from "@rtm/runtime-metrics";
import { instrumentListener, toNodeListener } from "@rtm/runtime-metrics/node";
import { counts, measureApp, type MeasuredApp } from "../support/measured_app.ts";

const together = 3;

/** Three requests on one connection, whose client leaves once all of them have come. */
class Pipelined {
  /** The connection is gone. */
  readonly gone: Promise<void>;
  readonly #came: Promise<void>;
  #comes = (): void => {};
  #goes = (): void => {};
  #requests = 0;

  constructor() {
    this.#came = new Promise((resolve) => this.#comes = resolve);
    this.gone = new Promise((resolve) => this.#goes = resolve);
  }

  /** Sends them to a server of that listener, and closes it when the connection is gone. */
  async send(listener: RequestListener): Promise<void> {
    const server = createServer((incoming, outgoing) => {
      this.#requests++;
      listener(incoming, outgoing);
      if (this.#requests === together) this.#comes();
    });
    server.on("connection", (socket) => socket.on("close", this.#goes));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect((server.address() as { port: number }).port, "127.0.0.1");
    client.on("error", () => {});
    client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(together));
    await this.#came;
    client.destroy();
    await this.gone;
    server.close();
  }
}

/** Goes on for as long as its client likes, a piece in each turn: Bun's message takes all that waits at once (1.4.5). */
function endless(cancel: () => void = () => {}): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await nextTurn();
      controller.enqueue(new Uint8Array(9000));
    },
    cancel,
  }, { highWaterMark: 0 });
}

/** When a handler answers, and what; it never does where that is undefined. */
const moments: Record<string, (gone: Promise<void>) => Promise<BodyInit | null> | undefined> = {
  "never answers": () => undefined,
  "has answered": () => Promise.resolve("at once"),
  "answers afterwards": (gone) => gone.then(() => "late"),
  "answers nothing afterwards": (gone) => gone.then(() => null),
  "answers much afterwards": (gone) => gone.then(() => "much".repeat(50_000)),
  "answers with a stream": () => Promise.resolve(endless()),
  "answers with a stream afterwards": (gone) => gone.then(() => endless()),
};

type Moment = (gone: Promise<void>) => Promise<BodyInit | null> | undefined;

const fetching = ({ monitor }: MeasuredApp, answer: () => ReturnType<Moment>) => {
  // The first one is under way until the connection is gone: the others wait behind it.
  let requests = 0;
  const never = new Promise<BodyInit>(() => {});
  return monitor.instrument(async (_request: Request) => new Response(await (requests++ ? answer() ?? never : never)));
};

const listening = ({ monitor }: MeasuredApp, answer: () => ReturnType<Moment>): RequestListener => {
  let requests = 0;
  return instrumentListener(monitor, async (_request, response) => {
    const body = requests++ ? await (answer() ?? new Promise(() => {})) : await new Promise(() => {});
    if (body instanceof ReadableStream) response.write("begun");
    else response.end(body ?? undefined);
  }) as RequestListener;
};

/** What stands around a measured handler. */
const doors: Record<
  string,
  (under: MeasuredApp, answer: () => ReturnType<Moment>, gone: Promise<void>) => RequestListener
> = {
  toNodeListener: (under, answer) => toNodeListener(fetching(under, answer)) as unknown as RequestListener,
  "@hono/node-server": (under, answer) => getRequestListener(fetching(under, answer) as never) as RequestListener,
  instrumentListener: listening,
  "instrumentListener() that is reached late": (under, answer, gone) => {
    const listener = listening(under, answer);
    return (incoming, outgoing) => void gone.then(() => listener(incoming, outgoing));
  },
};

for (const [door, listener] of Object.entries(doors)) {
  describe(`requests that wait behind another one when their client leaves, under ${door}`, () => {
    for (const [moment, answer] of Object.entries(moments)) {
      for (const metrics of [undefined, [httpMetrics.requests(), httpMetrics.responseSize()]]) {
        it(`are counted once, and in flight no more: ${moment}${metrics ? ", with sizes" : ""}`, async () => {
          using under = measureApp(metrics && { metrics });
          const pipelined = new Pipelined();
          await pipelined.send(listener(under, () => answer(pipelined.gone), pipelined.gone));
          assertEquals(await under.requests(), { "GET none 499 aborted": together });
          if (!metrics) return;
          const sizes = counts(await under.page(), "http_response_size_bytes_sum");
          assertEquals(Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0), 0);
        });
      }
    }
  });
}

describe("the body of an answer that is never sent", () => {
  for (const isLate of [false, true]) {
    it(`is cancelled when its client leaves ${isLate ? "before" : "while"} it waits behind another one`, async () => {
      const pipelined = new Pipelined();
      let requests = 0;
      let cancelled = 0;
      let both = (): void => {};
      const areCancelled = new Promise<void>((resolve) => both = resolve);
      const count = (): void => {
        if (++cancelled === together - 1) both();
      };
      await pipelined.send(
        toNodeListener(async () => {
          if (!requests++) await new Promise(() => {});
          if (isLate) await pipelined.gone;
          return new Response(endless(count));
        }) as unknown as RequestListener,
      );
      await areCancelled;
      assertEquals(cancelled, together - 1);
    });
  }

  it("is cancelled when its client left before it was made, over HTTP/2", async () => {
    let left = (): void => {};
    const gone = new Promise<void>((resolve) => left = resolve);
    let cancel = (): void => {};
    const cancelled = new Promise<void>((resolve) => cancel = resolve);
    let come = (): void => {};
    const came = new Promise<void>((resolve) => come = resolve);
    const listener = toNodeListener(async () => {
      come();
      await gone;
      return new Response(endless(cancel));
    });
    const server = createHttp2Server((incoming, outgoing) => {
      outgoing.stream.on("close", left);
      void listener(incoming as never, outgoing as never);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    client.on("error", () => {});
    const asked = client.request({ ":path": "/" });
    asked.on("error", () => {});
    asked.end();
    await came;
    asked.close(8);
    await cancelled;
    client.destroy();
    server.close();
  });
});
