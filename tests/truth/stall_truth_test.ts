// Who held the loop, in real time, behind a real server: what is blamed on whom against what was really done.

import { describe, it } from "node:test";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import Fastify, { type FastifyInstance } from "fastify";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { expressMetrics, fastifyMetrics, instrumentListener, koaMetrics } from "@rtm/runtime-metrics/node";
import { collectGarbage } from "../support/garbage.ts";
import { block, now, runtimeName, runtimeTitle, sleep, waitedForCore } from "../support/loop.ts";
import { type Page, scrape } from "../support/page.ts";
import { type RealServer, serveApp } from "../support/real_server.ts";
import { StoodStill } from "../support/stood_still.ts";

/** Blamed seconds by `kind name`, without those that are 0. */
function blamedOn(page: Page): Record<string, number> {
  const name = "runtime_eventloop_stall_seconds_total";
  return Object.fromEntries(
    page.labels(name).map((labels) => {
      const [, kind, who] = /kind="(.*?)",name="(.*?)"/.exec(labels)!;
      return [`${kind} ${who}`.trim(), page.value(name + labels)] as const;
    }).filter(([, seconds]) => seconds > 0),
  );
}

type Get = (path: string, init?: RequestInit) => Promise<string>;

interface Load {
  name: string;
  /** Not on every runtime. */
  on?: readonly string[];
  /** Puts what blocks into the app, and answers what makes it happen. */
  run(
    context: { app: Hono; monitor: Monitor; get: Get; truth: Truth },
  ): () => Promise<unknown>;
  /** What stands in the app before our middleware. */
  before?: (app: Hono, truth: Truth) => void;
  /** Serves something else in the place of the Hono app. */
  serve?: (monitor: Monitor, truth: Truth) => Promise<RealServer>;
  warm?: (get: Get) => Promise<unknown>;
  /** Who is to be blamed for all of it; others for at most 5 %. */
  blame: string;
}

/** Blocks, and remembers for how long, and how much of that the machine did. */
class Truth {
  seconds = 0;
  waited = 0;
  readonly #stood: StoodStill;
  block = (seconds: number): void => void this.time(() => block(seconds));
  time = (work: () => void): void => {
    this.#stood.note();
    // To read what the machine did holds the loop as well, on some machines for milliseconds.
    const begin = now();
    const waited = waitedForCore();
    work();
    this.waited += waitedForCore() - waited;
    this.seconds += now() - begin;
    this.#stood.skip();
  };

  constructor(stood: StoodStill) {
    this.#stood = stood;
  }
}

/** What collections have taken, as the page tells them by themselves. */
function collected(page: Page): number {
  const name = "runtime_gc_duration_seconds_sum";
  return page.labels(name).reduce((sum, labels) => sum + page.value(name + labels), 0);
}

const repeat = async (times: number, act: () => unknown): Promise<void> => {
  for (let i = 0; i < times; i++) {
    await act();
    await sleep(0.05);
  }
};

/** Lets so many ask all the time, each again as soon as it is answered, until it is disposed of. */
function keepAsking(clients: number, ask: () => Promise<unknown>): AsyncDisposable {
  let isOver = false;
  const asking = Array.from({ length: clients }, async () => {
    while (!isOver) await ask();
  });
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await Promise.all(asking);
    },
  };
}

/** Serves a listener of Node's. */
async function serveListener(listener: RequestListener): Promise<RealServer> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop, [Symbol.asyncDispose]: stop };
}

async function serveFastify(monitor: Monitor, add: (app: FastifyInstance) => unknown): Promise<RealServer> {
  const app = Fastify();
  // What it waits for lets the request come to our hooks in a later turn.
  app.addHook("onRequest", () => sleep(0.001));
  app.register(fastifyMetrics(monitor));
  add(app);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const stop = async (): Promise<void> => {
    app.server.closeAllConnections();
    await app.close();
  };
  return { url, stop, [Symbol.asyncDispose]: stop };
}

const posted: RequestInit = { method: "POST", headers: { "content-type": "application/json" }, body: '{"of":7}' };

/** Serves an app of Express' that is measured. */
function serveExpress(monitor: Monitor, put: (app: express.Express) => void): Promise<RealServer> {
  const app = express();
  app.use(expressMetrics(monitor));
  put(app);
  return serveListener(app);
}

const loads: Load[] = [
  {
    name: "a synchronous block in a handler",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (truth.block(0.2), c.text("ok")));
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "a block behind an await, then return",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.get("/report", async (c) => {
        await sleep(0.03);
        truth.block(0.2);
        return c.text("ok");
      });
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "a tracked task",
    blame: "task resize",
    run: ({ monitor, truth }) => () => repeat(4, () => monitor.track("resize", () => truth.block(0.2))),
  },
  {
    name: "a job of a limiter",
    blame: "task renders",
    run: ({ monitor, truth }) => {
      const renders = monitor.limiter("renders", { capacity: 1 });
      return () => repeat(4, () => renders.run(() => truth.block(0.2)));
    },
  },
  {
    name: "a timer of the app",
    blame: "unknown",
    run: ({ truth }) => () =>
      repeat(4, () => new Promise<void>((done) => setTimeout(() => (truth.block(0.2), done()), 10))),
  },
  {
    name: "a middleware behind ours",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.use(async (_c, next) => (truth.block(0.2), await next()));
      app.get("/report", (c) => c.text("ok"));
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "two handlers that block in turn",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (truth.block(0.2), c.text("ok")));
      app.get("/quick", (c) => c.text("ok"));
      return () => repeat(3, () => Promise.all([get("/report"), get("/quick"), get("/report")]));
    },
  },
  {
    name: "many handlers of 20 ms in one turn",
    blame: "request GET /small",
    // Not through the server: Node's takes one connection in each turn, and the loop is free in between.
    run: ({ app, truth }) => {
      app.get("/small", (c) => (truth.block(0.02), c.text("ok")));
      return () => Promise.all(Array.from({ length: 40 }, () => app.request("/small")));
    },
  },
  {
    name: "a block while 50 innocent requests are under way",
    blame: "request GET /report",
    // Fifty connections to begin with are a stall of their own, of the client within this process.
    warm: (get) => Promise.all(Array.from({ length: 50 }, () => get("/innocent"))),
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (truth.block(0.3), c.text("ok")));
      app.get("/innocent", async (c) => {
        await sleep(0.1 + Math.random() * 0.2);
        return c.text("ok");
      });
      return () =>
        repeat(3, async () => {
          const waiting = Array.from({ length: 50 }, () => get("/innocent"));
          await sleep(0.05);
          await get("/report");
          await Promise.all(waiting);
        });
    },
  },
  {
    name: "a scrape during it",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (truth.block(0.2), c.text("ok")));
      return () => repeat(4, () => Promise.all([get("/report"), get("/metrics")]));
    },
  },
  {
    name: "a timer of the app while 20 innocent requests are under way",
    blame: "unknown",
    warm: (get) => Promise.all(Array.from({ length: 20 }, () => get("/innocent"))),
    run: ({ app, get, truth }) => {
      app.get("/innocent", async (c) => {
        await sleep(0.1 + Math.random() * 0.3);
        return c.text("ok");
      });
      return () =>
        repeat(4, async () => {
          const waiting = Array.from({ length: 20 }, () => get("/innocent"));
          await new Promise<void>((done) => setTimeout(() => (truth.block(0.2), done()), 60));
          await Promise.all(waiting);
        });
    },
  },
  {
    name: "a timer of the app while 8 requests always wait for a moment",
    blame: "unknown",
    warm: (get) => Promise.all(Array.from({ length: 8 }, () => get("/innocent"))),
    run({ app, get, truth }) {
      app.get("/innocent", async (c) => (await sleep(0.008), c.text("ok")));
      return async () => {
        await using _ = keepAsking(8, () => get("/innocent"));
        await repeat(20, () => new Promise<void>((done) => setTimeout(() => (truth.block(0.1), done()), 60)));
      };
    },
  },
  {
    name: "a timer of the app while 8 tracked tasks always wait for a moment",
    blame: "unknown",
    run: ({ monitor, truth }) => async () => {
      await using _ = keepAsking(8, () => monitor.track("innocent", () => sleep(0.008)));
      await repeat(20, () => new Promise<void>((done) => setTimeout(() => (truth.block(0.1), done()), 60)));
    },
  },
  {
    name: "a block behind an await while 8 requests always wait for a moment",
    blame: "request GET /report",
    // Whoever settles behind the first stall may be there by chance.
    warm: async (get) => {
      await using _ = keepAsking(8, () => get("/innocent"));
      await repeat(2, () => get("/report"));
    },
    run({ app, get, truth }) {
      app.get("/innocent", async (c) => (await sleep(0.008), c.text("ok")));
      app.get("/report", async (c) => {
        await sleep(0.03);
        truth.block(0.1);
        return c.text("ok");
      });
      return async () => {
        await using _ = keepAsking(8, () => get("/innocent"));
        await repeat(10, () => get("/report"));
      };
    },
  },
  {
    name: "a block in the pull of a response's stream",
    blame: "unknown",
    run: ({ app, get, truth }) => {
      app.get("/stream", () => {
        let left = 3;
        return new Response(
          new ReadableStream({
            async pull(controller) {
              await sleep(0.03);
              truth.block(0.2);
              if (--left === 0) controller.close();
              else controller.enqueue(new Uint8Array(10));
            },
          }),
        );
      });
      return () => repeat(1, () => get("/stream"));
    },
  },
  {
    name: "a middleware before ours",
    blame: "unknown",
    before: (app, truth) => app.use("/report", async (_c, next) => (truth.block(0.2), await next())),
    run: ({ app, get }) => {
      app.get("/report", (c) => c.text("ok"));
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "a handler of an app within the app",
    blame: "request GET /api/v1/report",
    run: ({ app, get, truth }) => {
      const inner = new Hono().get("/report", (c) => (truth.block(0.2), c.text("ok")));
      app.route("/api", new Hono().route("/v1", inner));
      return () => repeat(4, () => get("/api/v1/report"));
    },
  },
  {
    name: "what a handler does behind its answer",
    blame: "unknown",
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (setTimeout(() => truth.block(0.2), 20), c.text("ok")));
      return () => repeat(4, async () => (await get("/report"), await sleep(0.05)));
    },
  },
  {
    name: "a lookup in a cache that is measured",
    blame: "task users",
    run: ({ app, monitor, get, truth }) => {
      const find = measureCalls(monitor).cache("users", (_id: string) => (truth.block(0.2), "somebody"));
      app.get("/report", async (c) => (await sleep(0.01), c.text(find("7"))));
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "a query of a database within the process",
    blame: "task database",
    run: ({ app, monitor, get, truth }) => {
      const query = measureCalls(monitor).database((_text: string) => (truth.block(0.2), [1]));
      app.get("/report", (c) => c.json(query("select 1")));
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "collections of garbage",
    blame: "gc",
    on: ["node", "deno"],
    run: ({ app, get, truth }) => {
      // As many collections as fill 0.2 s: how long one takes is the machine's and the runtime's.
      const collect = (): void => {
        const end = now() + 0.2;
        do collectGarbage(); while (now() < end);
      };
      app.get("/report", (c) => (truth.time(collect), c.text("ok")));
      // So much that to look through it takes tens of milliseconds. It is made before anything is read.
      const kept = Array.from({ length: 2_000_000 }, (_, i) => ({ i, next: { text: `${i}` } }));
      return async () => {
        await repeat(4, () => get("/report"));
        assertEquals(kept.length, 2_000_000);
      };
    },
  },
  {
    name: "a fetch handler without a framework",
    blame: "request GET /report",
    serve: (monitor, truth) =>
      serveApp(
        monitor.instrument((request: Request) => {
          if (new URL(request.url).pathname === "/report") truth.block(0.2);
          return new Response("ok");
        }, { route: ({ url }) => new URL(url).pathname }),
      ),
    run: ({ get }) => () => repeat(4, () => get("/report")),
  },
  {
    name: "a listener of Node's",
    blame: "request GET /report",
    on: ["node"],
    serve: (monitor, truth) =>
      serveListener(instrumentListener(
        monitor,
        ((request, response) => {
          if (request.url === "/report") truth.block(0.2);
          response.end("ok");
        }) as RequestListener,
        { route: ({ url }) => url },
      )),
    run: ({ get }) => () => repeat(4, () => get("/report")),
  },
  {
    name: "a handler of Express'",
    blame: "request GET /report/:id",
    on: ["node"],
    serve: (monitor, truth) =>
      serveExpress(monitor, (app) => {
        app.get("/report/:id", (_request, response) => (truth.block(0.2), void response.send("ok")));
      }),
    run: ({ get }) => () => repeat(4, () => get("/report/7")),
  },
  {
    name: "a handler of Express' that blocks behind an await",
    blame: "request GET /report/:id",
    on: ["node"],
    serve: (monitor, truth) =>
      serveExpress(monitor, (app) => {
        app.get("/report/:id", async (_request, response) => {
          await sleep(0.03);
          truth.block(0.2);
          response.json({ ok: true });
        });
      }),
    run: ({ get }) => () => repeat(4, () => get("/report/7")),
  },
  {
    name: "a handler of Express' that blocks while 20 innocent requests are under way",
    blame: "request GET /report",
    on: ["node"],
    // Whoever settles behind the first stall may be there by chance.
    warm: (get) => Promise.all([get("/report"), ...Array.from({ length: 20 }, () => get("/innocent"))]),
    serve: (monitor, truth) =>
      serveExpress(monitor, (app) => {
        app.get("/innocent", async (_request, response) => {
          await sleep(0.1 + Math.random() * 0.3);
          response.send("x".repeat(1000));
        });
        app.get("/report", async (_request, response) => {
          await sleep(0.05);
          truth.block(0.2);
          response.send("ok");
        });
      }),
    run: ({ get }) => () =>
      repeat(4, async () => {
        const waiting = Array.from({ length: 20 }, () => get("/innocent"));
        await Promise.all([get("/report"), ...waiting]);
      }),
  },
  {
    name: "a handler of Express' that blocks at once, and then waits",
    blame: "request GET /report/:id",
    on: ["node"],
    serve: (monitor, truth) =>
      serveExpress(monitor, (app) => {
        app.get("/report/:id", async (_request, response) => {
          truth.block(0.2);
          await sleep(0.15);
          response.send("ok");
        });
      }),
    run: ({ get }) => () => repeat(4, () => get("/report/7")),
  },
  {
    name: "handlers of Express' that block one behind another when what they all waited for is there",
    blame: "request GET /report/:id",
    on: ["node"],
    serve: (monitor, truth) =>
      serveExpress(monitor, (app) => {
        let shared: Promise<void> | undefined;
        app.use(async (_request, _response, next) => {
          await (shared ??= sleep(0.1).then(() => void (shared = undefined)));
          next();
        });
        app.get("/report/:id", async (_request, response) => {
          truth.block(0.1);
          await sleep(0.15);
          response.send("ok");
        });
        app.get("/innocent", async (_request, response) => {
          await sleep(0.15);
          response.send("ok");
        });
      }),
    run: ({ get }) => () =>
      repeat(
        3,
        () => Promise.all(["/innocent", "/report/1", "/innocent", "/report/2", "/innocent"].map((path) => get(path))),
      ),
  },
  {
    name: "a handler of Express' that blocks behind the request's body, and then waits",
    blame: "request POST /report",
    on: ["node"],
    serve: (monitor, truth) =>
      serveExpress(monitor, (app) => {
        app.use(express.json());
        app.post("/report", async (_request, response) => {
          truth.block(0.2);
          await sleep(0.15);
          response.send("ok");
        });
      }),
    run: ({ get }) => () => repeat(4, () => get("/report", posted)),
  },
  {
    name: "a handler of Express' that blocks behind the request's body, beside a monitor of another registry",
    blame: "request POST /report",
    on: ["node"],
    async serve(monitor, truth) {
      const other = createMonitor({ registry: new Registry() });
      const server = await serveExpress(monitor, (app) => {
        app.use(expressMetrics(other, { path: false }), express.json());
        app.post("/report", async (_request, response) => {
          truth.block(0.2);
          await sleep(0.15);
          response.send("ok");
        });
      });
      const stop = async (): Promise<void> => (other.stop(), await server.stop());
      return { ...server, stop, [Symbol.asyncDispose]: stop };
    },
    run: ({ get }) => () => repeat(4, () => get("/report", posted)),
  },
  {
    name: "a handler of Fastify's that blocks behind the request's body, and then waits",
    blame: "request POST /report",
    on: ["node"],
    serve: (monitor, truth) =>
      serveFastify(monitor, (app) =>
        app.post("/report", async () => {
          truth.block(0.2);
          await sleep(0.15);
          return "ok";
        })),
    run: ({ get }) => () => repeat(4, () => get("/report", posted)),
  },
  {
    name: "a handler of Fastify's that blocks behind a hook that waits, beside 20 innocent ones",
    blame: "request GET /report",
    on: ["node"],
    warm: (get) => Promise.all(Array.from({ length: 20 }, () => get("/innocent"))),
    serve: (monitor, truth) =>
      serveFastify(monitor, (app) => {
        app.addHook("onRequest", () => sleep(0.03));
        app.get("/innocent", async () => (await sleep(0.1 + Math.random() * 0.3), "ok"));
        app.get("/report", async () => {
          truth.block(0.2);
          await sleep(0.15);
          return "ok";
        });
      }),
    run: ({ get }) => () =>
      repeat(4, () => Promise.all([get("/report"), ...Array.from({ length: 20 }, () => get("/innocent"))])),
  },
  {
    name: "a handler of Koa's router that blocks behind a middleware that waits, and then waits",
    blame: "request GET /report",
    on: ["node"],
    serve(monitor, truth) {
      const middleware = koaMetrics(monitor);
      return serveListener((req, res) => {
        if (req.url !== "/report") return void res.end();
        const context = { req, res, app: {}, body: "ok", _matchedRoute: undefined as string | undefined };
        void middleware(context, async () => {
          await sleep(0.03);
          // As @koa/router does before it calls what stands behind the route.
          context._matchedRoute = req.url;
          truth.block(0.2);
          await sleep(0.15);
        }).then(() => res.end(context.body));
      });
    },
    run: ({ get }) => () => repeat(4, () => get("/report")),
  },
  {
    name: "what a framework makes of a body, such as Koa",
    blame: "request GET /report",
    on: ["node"],
    serve(monitor, truth) {
      const middleware = koaMetrics(monitor);
      return serveListener((req, res) => {
        if (req.url !== "/report") return void res.end();
        const context = { req, res, app: {}, body: { toJSON: () => (truth.block(0.2), {}) }, _matchedRoute: req.url };
        void middleware(context, () => sleep(0.03)).then(() => res.end(JSON.stringify(context.body)));
      });
    },
    run: ({ get }) => () => repeat(4, () => get("/report")),
  },
];

describe("who held the loop", () => {
  for (const { name, on = [runtimeName], blame, run, warm, before: first, serve } of loads) {
    it(`${name}: ${blame}`, { skip: !on.includes(runtimeName) }, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      const app = new Hono();
      using stood = new StoodStill();
      const truth = new Truth(stood);
      first?.(app, truth);
      app.use(runtimeMetrics(monitor));
      await using server = await (serve ? serve(monitor, truth) : serveApp(app.fetch));
      const get: Get = async (path, init) => await (await fetch(server.url + path, init)).text();
      const act = run({ app, monitor, get, truth });
      // The first request compiles what it passes, which may be a stall of its own.
      await get("/metrics");
      await warm?.(get);
      await sleep(0.3);
      truth.seconds = truth.waited = 0;
      stood.reset();
      const waited = waitedForCore();
      const begun = await scrape(monitor);
      await act();
      await sleep(0.3);
      const ended = await scrape(monitor);
      stood.note();
      // Whoever runs while the machine takes the core away holds the loop for so much longer; one that stands still holds it
      // itself.
      const noise = waitedForCore() - waited - truth.waited + stood.seconds;
      const [before, after] = [blamedOn(begun), blamedOn(ended)];
      const grown = Object.fromEntries(
        Object.entries(after).map(([who, seconds]) => [who, seconds - (before[who] ?? 0)]),
      );
      const found = grown[blame] ?? 0;
      const innocents = Object.entries(grown).filter(([who]) => !["unknown", "gc", blame].includes(who));
      const wrong = innocents.reduce((sum, [, seconds]) => sum + seconds, 0);
      // A collection may come while somebody blocks.
      const gc = blame === "gc" ? 0 : Math.min(grown["gc"] ?? 0, collected(ended) - collected(begun));
      console.log(
        `${runtimeTitle}, ${name}: ${truth.seconds.toFixed(3)} s, blamed ${JSON.stringify(grown)}; waited for a core ` +
          `for ${noise.toFixed(3)} s besides`,
      );
      assertGreater(truth.seconds, 0.5);
      assertGreater(found, 0.9 * truth.seconds - noise - gc);
      assertLess(found, 1.1 * truth.seconds + noise);
      assertLess(wrong, 0.05 * truth.seconds + noise);
    });
  }
});
