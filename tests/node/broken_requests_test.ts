// node:http is on each runtime, and so are these tests: what is counted of requests that turn out to be none while their
// handler runs, as the client sees it.

import { createServer, type RequestListener, type Server } from "node:http";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { instrumentListener, toNodeListener } from "@rtm/runtime-metrics/node";
import { measureApp, type MeasuredApp } from "../support/measured_app.ts";

const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);

const chunked = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
const broken = {
  "a piece without a length": `${chunked}what\r\n`,
  "an encoding that is none": "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: none\r\n\r\n",
  "what is no request behind it": "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nwhat\r\n\r\n",
};

/** Both ways to measure a handler on such a server; each calls `answer` when it should answer. */
const measured: Record<string, (under: MeasuredApp, answer: () => Promise<void>) => RequestListener> = {
  instrumentListener: ({ monitor }, answer) =>
    instrumentListener(monitor, async (_request, response) => {
      await answer();
      response.end("late");
    }) as RequestListener,
  toNodeListener: ({ monitor }, answer) =>
    toNodeListener(monitor.instrument(async (_request: Request) => {
      await answer();
      return new Response("late");
    })) as unknown as RequestListener,
};

/** Sends that, and more once something has come, and tells the status that came first. */
async function statusOf(server: Server, text: string, more = ""): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return await new Promise((resolve) => {
    let seen = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.once("data", () => more && socket.write(more));
    socket.on("data", (data) => seen += data);
    socket.on("error", () => {});
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(seen)?.[1] ?? 0)));
  });
}

for (const [way, listener] of Object.entries(measured)) {
  describe(`a request that breaks under ${way}()`, () => {
    for (const [what, text] of Object.entries(broken)) {
      it(`is what the server answers: ${what}`, async () => {
        using under = measureApp();
        let answer = (): void => {};
        const isAnswered = new Promise<void>((resolve) => answer = resolve);
        const server = createServer(listener(under, () => isAnswered));
        try {
          assertEquals(await statusOf(server, text), 400);
          assertEquals(await under.requests(), { [`${text.slice(0, text.indexOf(" "))} none 400 completed`]: 1 });
        } finally {
          answer();
          server.close();
        }
      });
    }

    it("is what the server answers: a body that never comes", {
      skip: isNode ? false : "the server here waits for as long as the client likes",
    }, async () => {
      using under = measureApp();
      const times = { requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 20 };
      const server = createServer(times, listener(under, () => new Promise(() => {})));
      try {
        assertEquals(await statusOf(server, chunked), 408);
        assertEquals(await under.requests(), { "POST none 408 completed": 1 });
      } finally {
        server.close();
      }
    });

    it("is the app's answer where that is sent in time", async () => {
      using under = measureApp();
      const server = createServer(listener(under, () => Promise.resolve()));
      try {
        const first = broken["what is no request behind it"].split("what")[0]!;
        assertEquals(await statusOf(server, first, "what\r\n\r\n"), 200);
        assertEquals(await under.requests(), { "GET none 200 completed": 1 });
      } finally {
        server.close();
      }
    });

    it("is nobody's answer where the app has a say in it", async () => {
      using under = measureApp();
      const server = createServer(listener(under, () => new Promise(() => {})));
      server.on("clientError", (_error, socket) => socket.end("HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n"));
      try {
        assertEquals(await statusOf(server, broken["a piece without a length"]), 418);
        assertEquals(await under.requests(), { "POST none 499 aborted": 1 });
      } finally {
        server.close();
      }
    });
  });
}
