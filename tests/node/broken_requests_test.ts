// node:http is on each runtime, and so are these tests: what is counted of requests that turn out to be none while their
// handler runs, as the client sees it.

import { createServer, type IncomingMessage, request as ask, type RequestListener, type Server } from "node:http";
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
      const handle = listener(under, () => new Promise(() => {}));
      const times = { requestTimeout: 0, headersTimeout: 0, connectionsCheckingInterval: 20 };
      const server = createServer(times, (incoming, outgoing) => {
        // The server counts from the connection on: it must not run out of patience before the head is there.
        server.requestTimeout = 50;
        handle(incoming, outgoing);
      });
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

/** Clients that begin an upload to that port, and leave before it is whole once their handler runs. */
const leaving: Record<string, (port: number, begun: Promise<void>) => unknown> = {
  "fetch() that is aborted": (port, begun) => {
    const controller = new AbortController();
    begun.then(() => controller.abort());
    const body = new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(10)) });
    const init = { method: "POST", body, duplex: "half", signal: controller.signal };
    return fetch(`http://127.0.0.1:${port}/`, init).catch(() => {});
  },
  "a request with a length that is destroyed": (port, begun) => {
    const upload = ask({ port, host: "127.0.0.1", method: "POST", headers: { "content-length": 100 } });
    upload.on("error", () => {});
    upload.write("begun");
    begun.then(() => upload.destroy());
  },
  "a socket that is destroyed": (port, begun) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${chunked}5\r\nbegun\r\n`));
    socket.on("error", () => {});
    begun.then(() => socket.destroy());
  },
  "a socket that is closed for writing": (port, begun) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${chunked}5\r\nbegun\r\n`));
    socket.on("error", () => {});
    begun.then(() => socket.end());
  },
};

/** Both ways to measure a handler that reads, or throws away, what comes, and answers then. */
const reading: Record<string, (under: MeasuredApp, begin: () => void) => RequestListener> = {
  instrumentListener: ({ monitor }, begin) =>
    instrumentListener(monitor, (request: IncomingMessage, response) => {
      request.once("data", begin);
      request.resume().on("end", () => response.end("read"));
    }) as RequestListener,
  toNodeListener: ({ monitor }, begin) =>
    toNodeListener(monitor.instrument(async (request: Request) => {
      begin();
      return new Response(String((await request.text()).length));
    })) as unknown as RequestListener,
};

for (const [way, listener] of Object.entries(reading)) {
  describe(`a client that leaves in mid-upload under ${way}()`, () => {
    for (const [what, leave] of Object.entries(leaving)) {
      it(`has aborted its request: ${what}`, async () => {
        using under = measureApp();
        let begin = (): void => {};
        const begun = new Promise<void>((resolve) => begin = resolve);
        const server = createServer(listener(under, begin));
        const gone = new Promise<void>((resolve) => {
          server.on("request", (request) => request.socket.once("close", () => resolve()));
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        try {
          leave((server.address() as { port: number }).port, begun);
          await gone;
          assertEquals(await under.requests(), { "POST none 499 aborted": 1 });
        } finally {
          server.close();
        }
      });
    }
  });
}
