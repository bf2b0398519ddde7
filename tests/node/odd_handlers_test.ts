// node:http is on each runtime, and so are these tests.

import { describe, it } from "node:test";
import { createServer, type RequestListener } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { connect } from "node:net";
import { assertEquals } from "@std/assert";
import { Registry } from "prom-client";
import { createMetricsServer, createMonitor, httpMetrics } from "@rtm/runtime-metrics";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { scrape } from "../support/page.ts";
import { runtimeName } from "../support/real_server.ts";
import { until } from "../support/until.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function breaking(first: string): ReadableStream<Uint8Array> {
  let sent = first === "";
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new Error("boom"));
      sent = true;
      controller.enqueue(encode(first));
    },
  }, { highWaterMark: 0 });
}

async function usedBody(): Promise<Response> {
  const response = new Response("x");
  await response.text();
  return response;
}

function lockedBody(): Response {
  const response = new Response("x");
  response.body!.getReader();
  return response;
}

/** Handlers that answer in odd ways, each with the status and body that its client sees; a broken body has none. */
const odd: Record<string, [handler: (request: Request) => unknown, status: number, body: string | undefined]> = {
  throws: [
    () => {
      throw new Error("boom");
    },
    500,
    "",
  ],
  "throws nothing": [
    () => {
      throw undefined;
    },
    500,
    "",
  ],
  rejects: [() => Promise.reject(new Error("boom")), 500, ""],
  "answers nothing": [() => undefined, 500, ""],
  "answers null": [() => null, 500, ""],
  "answers a text": [() => "hello", 500, ""],
  "answers a thenable": [
    () => ({ then: (done: (response: Response) => void) => done(new Response("later")) }),
    200,
    "later",
  ],
  "answers a thenable that throws": [
    () => ({
      then() {
        throw new Error("boom");
      },
    }),
    500,
    "",
  ],
  "answers a lookalike": [
    () => ({ status: 201, headers: new Headers({ "x-odd": "1" }), body: new Response("like").body }),
    201,
    "like",
  ],
  "answers a lookalike without headers": [() => ({ status: 200, body: null }), 500, ""],
  "answers a body that was read": [usedBody, 500, ""],
  "answers a body that is locked": [lockedBody, 500, ""],
  "answers a body that errors at once": [
    () => new Response(breaking(""), { headers: { "content-length": "9" } }),
    500,
    "",
  ],
  "answers a body that errors midway": [() => new Response(breaking("half")), 200, undefined],
  "answers pieces that are no bytes": [
    () => ({ status: 200, headers: new Headers(), body: new ReadableStream({ start: (c) => c.enqueue({ a: 1 }) }) }),
    500,
    "",
  ],
  "answers a network error": [() => Response.error(), 500, ""],
  ...Object.fromEntries([11000, -1, 99, 101, 1224, Number.NaN, "404", undefined].map((status) => [
    `answers the status ${status}`,
    [() => ({ status, headers: new Headers(), body: null }), 500, ""],
  ])),
  "answers the status 999": [() => ({ status: 999, headers: new Headers(), body: null }), 999, ""],
  "answers a header that cannot be sent": [
    () => ({ status: 200, headers: Object.assign([["bad name", "x"]], { getSetCookie: () => [] }), body: null }),
    500,
    "",
  ],
};

describe("toNodeListener() with odd handlers", () => {
  for (const [name, [handler, status, body]] of Object.entries(odd)) {
    it(`never rejects: ${name}`, async () => {
      let settled: Promise<unknown> | undefined;
      const listener = toNodeListener(handler as never);
      const server = createServer(
        ((incoming, outgoing) => {
          settled = listener(incoming as never, outgoing as never);
        }) as RequestListener,
      );
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      try {
        const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
        const text = await response?.text().catch(() => undefined);
        // A body that breaks before its client has read the head may take that along.
        if (body !== undefined || response) assertEquals(response?.status, status);
        assertEquals(text, body);
        assertEquals(await settled, undefined);
      } finally {
        server.close();
        server.closeAllConnections();
      }
    });
  }

  const skip = runtimeName === "node" ? false : "node:http2's server differs";
  it(
    "never rejects on HTTP/2, where an error of a stream without a listener would end the process",
    { skip },
    async () => {
      const server = createHttp2Server().setMaxListeners(0);
      const settled: Promise<unknown>[] = [];
      for (const [name, [handler]] of Object.entries(odd)) {
        const listener = toNodeListener(handler as never);
        server.on("request", (incoming, outgoing) => {
          if (decodeURIComponent(incoming.url) === `/${name}`) {
            settled.push(listener(incoming as never, outgoing as never));
          }
        });
      }
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const client = connectHttp2(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
      try {
        for (const [name, [, status, body]] of Object.entries(odd)) {
          const answer = await new Promise<[number | undefined, string | undefined]>((resolve) => {
            const stream = client.request({ ":path": `/${encodeURIComponent(name)}` });
            let seen: number | undefined, text: string | undefined = "";
            stream.setEncoding("utf8");
            stream.on("response", (headers) => seen = headers[":status"]);
            stream.on("data", (piece) => text += piece);
            stream.on("error", () => text = undefined);
            stream.on("close", () => resolve([seen, text]));
            stream.end();
          });
          if (status !== 999) assertEquals(answer, [status, body], name);
        }
        await Promise.all(settled);
      } finally {
        client.destroy();
        server.close();
      }
    },
  );
});

describe("what somebody answers for a handler that threw", () => {
  it("has a size", async () => {
    using monitor = createMonitor({
      registry: new Registry(),
      http: { metrics: [httpMetrics.requests(), httpMetrics.responseSize()] },
    });
    const measured = monitor.instrument((): Response => {
      throw new Error("boom");
    });
    const server = createServer(toNodeListener(async (request: Request, platform: unknown) => {
      try {
        return await (measured as (request: Request, platform: unknown) => Response)(request, platform);
      } catch {
        return new Response("sorry", { status: 503 });
      }
    }) as RequestListener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as { port: number };
      assertEquals(await statusOf(port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 503);
      const labels = '{method="GET",route="none",status="503"}';
      const page = await until(
        () => scrape(monitor),
        (page) =>
          page.series.get('http_requests_total{method="GET",route="none",status="503",outcome="completed"}') === 1,
      );
      assertEquals(page.series.get(`http_response_size_bytes_sum${labels}`), 5);
    } finally {
      server.close();
    }
  });
});

/** Sends a head and answers the status that comes back. */
function statusOf(port: number, head: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(head)).once("error", reject);
    socket.once("data", (data) => {
      resolve(Number(String(data).split(" ")[1]));
      socket.destroy();
    });
  });
}

describe("a host that is none", () => {
  for (const host of ["x/metrics?", "x/metrics#", "x\\metrics?", "a b%", "h:99999", "u@h", ""]) {
    it(`moves no path, and breaks nothing: ${JSON.stringify(host)}`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      await using server = await createMetricsServer({ monitor, port: 0 });
      const ask = (path: string): Promise<number> =>
        statusOf(server.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assertEquals([await ask("/other"), await ask("/metrics"), await ask("//metrics")], [404, 200, 404]);
    });
  }

  it("need not be there in HTTP/1.0", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await using server = await createMetricsServer({ monitor, port: 0 });
    const ask = (path: string): Promise<number> => statusOf(server.port, `GET ${path} HTTP/1.0\r\n\r\n`);
    assertEquals([await ask("/metrics?name[]=x"), await ask("/other")], [200, 404]);
  });
});
