import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { Hono } from "hono";
import { timeout } from "hono/timeout";
import { httpMetrics } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { type AnswerFacts, responseEnd } from "../../src/http/response_end.ts";
import { collectGarbage } from "../support/garbage.ts";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";

const plain: AnswerFacts = {
  status: 200,
  isUpgrade: false,
  body: "ready",
  readyLength: 5,
  hasMessage: false,
  asksServer: false,
  isListening: false,
  wantsSize: false,
};

const cases: [title: string, facts: Partial<AnswerFacts>, end: ReturnType<typeof responseEnd>][] = [
  ["101 is a WebSocket", { status: 101, body: "none" }, "upgrade"],
  [
    "which Node's message cannot send: it tells what became of that",
    { status: 101, body: "none", hasMessage: true },
    "turn",
  ],
  ["a connection that was upgraded is one, whatever the status says", { isUpgrade: true, body: "none" }, "upgrade"],
  ["what stands ready is over with its answer where no message tells more", {}, "answer"],
  ["so is what has no body", { body: "none" }, "answer"],
  ["so is a body that somebody else reads", { body: "taken" }, "answer"],
  ["a stream is over when it was read", { body: "stream" }, "body"],
  ["a server that can be asked is asked about a body over a socket's buffer", {
    asksServer: true,
    readyLength: 16_385,
  }, "server"],
  ["and about one of unknown length", { asksServer: true, readyLength: undefined }, "server"],
  ["but not about a small one", { asksServer: true }, "answer"],
  ["nor where there is none", { asksServer: true, body: "none" }, "answer"],
  ["Node's message has a small body when the turn is over", { hasMessage: true }, "turn"],
  ["and so it has none at all", { hasMessage: true, body: "none" }, "turn"],
  ["a body over a socket's buffer is told by the message", { hasMessage: true, readyLength: 16_385 }, "message"],
  ["a body of unknown length is, too", { hasMessage: true, readyLength: undefined }, "message"],
  ["a stream is, too", { hasMessage: true, body: "stream" }, "message"],
  ["whose size is wanted is, too", { hasMessage: true, wantsSize: true }, "message"],
  ["a message that is listened to tells in any case", { hasMessage: true, isListening: true, body: "none" }, "message"],
];

describe("the end of a response", () => {
  for (const [title, facts, end] of cases) {
    it(title, () => assertEquals(responseEnd({ ...plain, ...facts }), end));
  }
});

const delay = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Two sets of options: what everybody has, and everything that looks at a request after its answer. */
const settings = {
  "by default": {},
  "with everything that looks late": {
    metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.headLatency(), httpMetrics.responseSize()],
    observers: [({ request }: { request: Request }) => void [request.url, request.headers.get("traceparent")]],
    computedLabels: { agent: ({ request }: { request: Request }) => request.headers.get("x-agent") ?? "" },
  },
};
const traced = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, "x-agent": "" };

for (const [name, http] of Object.entries(settings)) {
  describe(`a request that somebody outside has answered, ${name}`, () => {
    it("harms nobody and is counted once, as its client saw it, behind Hono's timeout", async () => {
      using under = measureApp(http);
      const app = new Hono();
      app.use(timeout(50));
      app.use(runtimeMetrics(under.monitor));
      app.get("/slow", async (c) => {
        await delay(150);
        return c.text("late");
      });
      await using server = await serveApp(app.fetch);
      const response = await fetch(`${server.url}/slow`, { headers: traced });
      assertEquals([response.status, await response.text()], [504, "Gateway Timeout"]);
      await delay(200);
      const page = await under.settled();
      const requests = Object.entries(counts(page, "http_requests_total"));
      assertEquals(requests.map(([labels, value]) => [labels.trim().split(" ").slice(0, 3).join(" "), value]), [
        ["GET /slow 504", 1],
      ]);
      assertEquals((await fetch(`${server.url}/slow`, { headers: traced })).status, 504);
    });

    it("harms nobody and is counted once behind a race around a raw handler", async () => {
      using under = measureApp(http);
      const slow = under.monitor.instrument(async (_: Request, ..._rest: unknown[]) => {
        await delay(120);
        return new Response("late");
      });
      await using server = await serveApp((request: Request, ...rest: unknown[]) =>
        Promise.race([slow(request, ...rest), delay(40).then(() => new Response("sorry", { status: 503 }))])
      );
      const response = await fetch(server.url, { headers: traced });
      assertEquals([response.status, await response.text()], [503, "sorry"]);
      await delay(160);
      const page = await under.settled();
      const statuses = Object.entries(counts(page, "http_requests_total"))
        .map(([labels, value]) => [labels.trim().split(" ")[2], value]);
      // Node's message tells what was sent; no other server does.
      assertEquals(statuses, [[runtimeName === "node" ? "503" : "200", 1]]);
    });
  });
}

describe("an answer that an outer middleware replaces", () => {
  it("is counted as its client saw it where Node's message tells that", {
    skip: runtimeName === "node" ? false : "no other server tells what it has sent",
  }, async () => {
    using under = measureApp();
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      c.res = new Response("teapot", { status: 418 });
    });
    app.use(runtimeMetrics(under.monitor));
    app.get("/", (c) => c.text("fine"));
    await using server = await serveApp(app.fetch);
    assertEquals((await fetch(server.url)).status, 418);
    assertEquals(await under.requests(), { "GET / 418 completed": 1 });
  });
});

describe("a body that nobody reads", () => {
  it("is in flight no more when it was collected, and is counted once with the status of its answer", async () => {
    using under = measureApp();
    under.app.get("/thrown-away", () => new Response(new ReadableStream({ pull() {} })));
    const ask = async (): Promise<void> => {
      for (let i = 0; i < 200; i++) await under.app.request("/thrown-away");
    };
    await ask();
    const page = await until(async () => {
      collectGarbage();
      await delay(5);
      return await under.page();
    }, (shown) => inFlight(shown) <= 4);
    assertEquals(inFlight(page) <= 4, true, `${inFlight(page)} are still in flight`);
    const counted = counts(page, "http_requests_total")["GET /thrown-away 200 completed"]!;
    assertEquals(counted + inFlight(page), 200);
  });
});

describe("a status that is none", () => {
  for (const status of [11000, -1, 1224, 99, Number.NaN, 0, 200.5]) {
    it(`is what a client sees instead: 500 for ${status}`, async () => {
      using under = measureApp();
      const odd = { status, headers: new Headers(), body: null } as unknown as Response;
      const handler = under.monitor.instrument((_: Request) => odd);
      assertStrictEquals(handler(new Request("http://localhost/")), odd);
      assertEquals(await under.requests(), { "GET none 500 completed": 1 });
      assertEquals(inFlight(await under.page()), 0);
    });
  }
});

describe("what a server passes", () => {
  it("is not looked at where it may be anything", async () => {
    using under = measureApp();
    const looked: string[] = [];
    const env = new Proxy({}, {
      get: (_, key) => {
        looked.push(String(key));
        throw new Error("not yours");
      },
    });
    under.app.get("/", (c) => c.text("fine"));
    assertEquals(await (await under.app.fetch(new Request("http://localhost/"), env)).text(), "fine");
    const handler = under.monitor.instrument((_request: Request, _env: unknown) => new Response("fine"));
    assertEquals(await handler(new Request("http://localhost/"), env).text(), "fine");
    assertEquals(looked.filter((key) => key !== "then"), []);
  });

  it("may be an object that throws when it is looked at", async () => {
    using under = measureApp();
    const thrower = Object.defineProperty({}, "incoming", {
      get() {
        throw new Error("not yours");
      },
    });
    const handler = under.monitor.instrument((_request: Request, _env: unknown) => new Response("fine"));
    assertEquals(await handler(new Request("http://localhost/"), thrower).text(), "fine");
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });
});

describe("a signal that many requests share", () => {
  it("keeps no listener of a request that is over", async () => {
    using under = measureApp();
    const shared = new AbortController();
    let [added, removed] = [0, 0];
    const request = new Request("http://localhost/", { signal: shared.signal });
    const { signal } = request;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      added++;
      return addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      removed++;
      return removeEventListener.apply(signal, args);
    };
    const slow = under.monitor.instrument(async (_: Request) => {
      await delay(60);
      return new Response("slow");
    });
    for (let i = 0; i < 3; i++) await slow(request);
    assertEquals([added, removed], [3, 3]);
  });
});

describe("a response that looks like the platform's", () => {
  it("keeps its bytes: memory that is not ours is taken from nobody", async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.responseSize()] });
    const { Buffer } = await import("node:buffer");
    const lookalike = (): Response => {
      const pieces = [Buffer.from("po"), Buffer.from("ol")];
      const body = {
        locked: false,
        getReader: () => ({
          read: () => Promise.resolve(pieces.length > 0 ? { done: false, value: pieces.shift() } : { done: true }),
          releaseLock() {},
          closed: Promise.resolve(),
        }),
      };
      return { status: 200, headers: new Headers({ "content-type": "text/plain" }), body } as unknown as Response;
    };
    const handler = under.monitor.instrument((_: Request) => lookalike());
    const reader = handler(new Request("http://localhost/")).body!.getReader();
    const read = [(await reader.read()).value, (await reader.read()).value].map(String);
    assertEquals(read, ["po", "ol"]);
    assertEquals(Buffer.from("still whole").toString(), "still whole");
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });
});
