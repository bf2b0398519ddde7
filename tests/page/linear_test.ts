import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { assert } from "@std/assert";
import { Hono } from "hono";
import { Gauge, Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { livePage } from "@rtm/runtime-metrics/live";
import { type IncomingLike, instrumentListener, type ResponseLike, toNodeListener } from "@rtm/runtime-metrics/node";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { pathOf } from "../../src/http/request.ts";
import { acceptsGzip, negotiateFormat } from "../../src/page/negotiation.ts";
import { now, runtimeName, waitedForCore } from "../support/loop.ts";

/** Characters of the shorter input, and how often the longer one is doubled from there: servers let some 16 kB through. */
const size = 8192;
const doublings = 3;

/** The same of what is read to some length only: eight times as many are still read. */
const sizeOfShort = 500;

/** What takes less than this for the longer input blocks nobody, in milliseconds. */
const harmless = 2;

/**
 * How much longer than its length tells the longer input may take: engines' own work on long strings grows in steps, and 64
 * kB leave a busy machine's nearest caches. 10.6 times in place of 8 was seen; what is quadratic takes 64 times.
 */
const slack = 2;

/** Pieces that make parsers go back: of lists, parameters, quotes, blanks, numbers, paths and escapes. */
const pieces = [
  "*,",
  "*/*,",
  "a/b;q=0,",
  "text/plain;q=0,",
  ";a=b",
  ",",
  ";",
  "=",
  '"',
  '",',
  "a",
  " ",
  "\t ",
  "- ",
  "0",
  "9",
  "%41",
  "/",
  "?",
  "&",
  "=&",
  "+",
];

/** How often both inputs are timed at most. The shortest time counts: the machine may be busy with something else. */
const rounds = 100;

/**
 * How long something takes this thread, in milliseconds. What takes long is never done in one go where other programs share
 * the core, and what is short is: the time in which others had it is taken off.
 */
async function timed(act: () => unknown): Promise<number> {
  const begin = now();
  const waited = waitedForCore();
  await act();
  const waitedMeanwhile = waitedForCore() - waited;
  return (now() - begin - waitedMeanwhile) * 1000;
}

/** Doubling the input at most doubles the time: three doublings take eight times as long, and what is quadratic 64 times. */
async function mustBeLinear(what: string, act: (input: string) => () => unknown, length = size): Promise<void> {
  const most = slack * 2 ** doublings;
  for (const piece of pieces) {
    const input = piece.repeat(Math.floor(length / piece.length));
    for (const [begin, end] of [["", ""], ["x ", "!"]]) {
      const [short, long] = [act(begin + input + end), act(begin + input.repeat(2 ** doublings) + end)];
      let [shorter, longer] = [Infinity, Infinity];
      for (let i = 0; i < rounds && longer > harmless && longer > most * shorter || i === 0; i++) {
        shorter = Math.min(shorter, await timed(short));
        longer = Math.min(longer, await timed(long));
      }
      assert(
        longer <= harmless || longer <= most * shorter,
        `${what} with ${JSON.stringify(piece)}: ${shorter} ms, then ${longer} ms`,
      );
    }
  }
}

function start(): { monitor: Monitor; app: Hono } {
  const registry = new Registry();
  const monitor = createMonitor({
    registry,
    exposition: { bearerToken: "t", basicAuth: { username: "u", password: "p" } },
  });
  new Gauge({ name: "carts", help: "C.", registers: [registry] });
  const app = new Hono();
  app.use(runtimeMetrics(monitor));
  app.get("/*", (context) => context.text("hello"));
  return { monitor, app };
}

/** As a server would hand it over, with headers of any length. */
function requestWith(headers: Readonly<Record<string, string>>, url = "http://localhost/metrics"): Request {
  const request = { method: "GET", url, headers: { get: (name: string) => headers[name] ?? null } };
  return request as unknown as Request;
}

/** As much of a message as a listener writes to. */
function outgoing(): ResponseLike {
  const message = Object.assign(new EventEmitter(), {
    statusCode: 200,
    headersSent: false,
    writableFinished: false,
    writeHead() {},
    setHeader() {},
    getHeader() {},
    getHeaderNames: () => [],
    removeHeader() {},
    write: () => true,
    destroy() {},
    end() {
      message.headersSent = message.writableFinished = true;
      message.emit("finish");
      message.emit("close");
    },
  });
  return message as unknown as ResponseLike;
}

const scrapeHeaders = [
  "accept",
  "accept-encoding",
  "authorization",
  "x-prometheus-scrape-timeout-seconds",
];

describe(`what a stranger sends is read in linear time on ${runtimeName}`, () => {
  for (const name of scrapeHeaders) {
    it(`in the header ${name} of a scrape`, async () => {
      const { monitor } = start();
      const login = { authorization: "Bearer t" };
      await mustBeLinear(name, (input) => {
        const request = requestWith({ ...login, [name]: input });
        return async () => void await (await monitor.handler(request)).arrayBuffer();
      });
      monitor.stop();
    });
  }

  it("in an Authorization header of each kind", async () => {
    const { monitor } = start();
    for (const kind of ["Bearer ", "Basic ", "Basic    ", "-", ""]) {
      await mustBeLinear(kind, (input) => {
        const request = requestWith({ authorization: kind + input });
        return async () => assert((await monitor.handler(request)).status === 401 || kind === "");
      });
    }
    monitor.stop();
  });

  it("in the query of a scrape", async () => {
    const { monitor } = start();
    for (const key of ["name[]=", "format=", "", "name%5B%5D="]) {
      await mustBeLinear(`?${key}`, (input) => {
        const request = requestWith({ authorization: "Bearer t" }, `http://localhost/metrics?${key}${input}`);
        return async () => void await (await monitor.handler(request)).arrayBuffer();
      });
    }
    await mustBeLinear("many names", (input) => {
      const names = `name[]=${input.slice(0, 8)}&`.repeat(input.length / 16);
      const request = requestWith({ authorization: "Bearer t" }, `http://localhost/metrics?${names}`);
      return async () => void await (await monitor.handler(request)).arrayBuffer();
    });
    monitor.stop();
  });

  it("in the headers Accept and Accept-Encoding, by themselves, where they are short enough to be read", async () => {
    await mustBeLinear("accept", (input) => () => negotiateFormat(input), sizeOfShort);
    await mustBeLinear("accept-encoding", (input) => () => acceptsGzip(input), sizeOfShort);
  });

  it("in the path and the host, from which a route or a page is known", async () => {
    await mustBeLinear("path", (input) => {
      const request = requestWith({ host: "localhost" }, `http://localhost/${input}`);
      return () => pathOf(request);
    });
    await mustBeLinear("host", (input) => {
      const request = requestWith({ host: input }, `http://${input}/metrics`);
      return () => pathOf(request);
    });
  });

  for (const name of ["traceparent", "content-length", "upgrade", "host", "cookie", "x-forwarded-for"]) {
    it(`in the header ${name} of a request that is measured`, async () => {
      const { monitor, app } = start();
      const handler = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
      await mustBeLinear(name, (input) => {
        // How long a runtime takes to look into its own headers is its own affair.
        const headers = { get: (asked: string) => asked.toLowerCase() === name ? input : null };
        const request = (): Request =>
          Object.defineProperty(new Request("http://localhost/users"), "headers", { value: headers });
        return async () => {
          await (await handler(request())).text();
          await (await app.request(request())).text();
        };
      });
      monitor.stop();
    });
  }

  for (const name of ["host", "origin", "sec-fetch-site", "x-forwarded-for", "forwarded", "accept-encoding"]) {
    it(`in the header ${name} of who asks for the live page`, async () => {
      const monitor = createMonitor({ registry: new Registry() });
      const live = livePage(monitor);
      const platform = { remoteAddr: { hostname: "127.0.0.1" } };
      await mustBeLinear(name, (input) => {
        const request = requestWith({ host: "localhost", [name]: input }, "http://localhost/live?format=json");
        return async () => void await (await live.handler(request, platform)).arrayBuffer();
      });
      monitor.stop();
    });
  }

  it("in the query of the live page", async () => {
    const monitor = createMonitor({ registry: new Registry() });
    const live = livePage(monitor, { public: true });
    for (const key of ["since=", "stall=", "profile=", "format=", ""]) {
      await mustBeLinear(`?${key}`, (input) => {
        const request = requestWith({}, `http://localhost/live?${key}${input}`);
        return async () => void await (await live.handler(request)).arrayBuffer();
      });
    }
    monitor.stop();
  });

  it("in the address that a server tells", async () => {
    const monitor = createMonitor({ registry: new Registry(), exposition: { allow: ["10.0.0.0/8", "::1"] } });
    await mustBeLinear("the address", (input) => {
      const request = requestWith({});
      return async () => void await (await monitor.handler(request, { remoteAddr: { hostname: input } })).arrayBuffer();
    });
    monitor.stop();
  });

  for (const part of ["url", "originalUrl", "method", "host", ":authority", "content-length", "traceparent"]) {
    it(`in the ${part} of a message of Node's`, async () => {
      const { monitor } = start();
      const listener = (_request: IncomingLike, response: ResponseLike): unknown => response.end();
      const options = { path: "/metrics", route: { normalizePath: [[/^\/users\/\d+$/, "/users/:id"]] } } as const;
      const measured = instrumentListener(monitor, listener, options);
      const page = toNodeListener(() => new Response("x"));
      await mustBeLinear(part, (input) => {
        const isHeader = !["url", "originalUrl", "method"].includes(part);
        const message = {
          method: "GET",
          url: "/users/7",
          headers: { host: "localhost", ...(isHeader && { [part]: input }) },
          rawHeaders: [part, input],
          ...(!isHeader && { [part]: part === "method" ? input : `/${input}` }),
        } as unknown as IncomingLike;
        return async () => {
          measured(message, outgoing());
          await page(message, outgoing());
        };
      });
      monitor.stop();
    });
  }

  it("in the path of a request that is measured", async () => {
    const { monitor } = start();
    const handler = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
    await mustBeLinear("path", (input) => {
      const request = new Request(`http://localhost/${input}`);
      return async () => void await (await handler(request)).text();
    });
    monitor.stop();
  });
});
