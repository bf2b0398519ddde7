import { after, before, describe, it } from "node:test";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { assertEquals } from "@std/assert";
import express from "express";
import fastify from "fastify";
import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { expressMetrics, fastifyMetrics, instrumentListener } from "@rtm/runtime-metrics/node";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";
import { scrape } from "../support/page.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";

/** What an app may take for a status, such as the number of a database's error. */
const statuses: readonly unknown[] = [
  11000,
  -1,
  0,
  99,
  1224,
  1e9,
  Number.NaN,
  Infinity,
  null,
  "404",
  "a",
  4.5,
  299,
  451,
  600,
  999,
  1000,
];

/** Responses with such a status: made by the platform, which may refuse it, and what only looks like one. */
const responses: Record<string, (status: unknown) => Response> = {
  "a response": (status) => new Response("x", { status: status as number }),
  "a response of a stream": (status) => new Response(new Blob(["x"]).stream(), { status: status as number }),
  "a response without a body": (status) => new Response(null, { status: status as number }),
};

/** What was counted once so many requests were, by status. */
async function counted(monitor: Monitor<Registry>, requests: number): Promise<Record<string, number>> {
  const byStatus = async (): Promise<[sum: number, statuses: Record<string, number>]> => {
    const page = await scrape(monitor);
    const statuses: Record<string, number> = {};
    let sum = inFlight(page) === 0 ? 0 : -Infinity;
    for (const [labels, count] of Object.entries(counts(page, "http_requests_total"))) {
      const status = labels.split(" ")[2]!;
      statuses[status] = (statuses[status] ?? 0) + count;
      sum += count;
    }
    return [sum, statuses];
  };
  return (await until(byStatus, ([sum]) => sum >= requests))[1];
}

/** Asks for every status, and tells what the client saw; without an answer it has seen none, which is 499. */
async function seenBy(url: string): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (const index of statuses.keys()) {
    const status = (await rawRequest(`${url}/${index}`).answer)?.status ?? 499;
    seen[status] = (seen[status] ?? 0) + 1;
  }
  return seen;
}

const indexOf = (request: Request): number => Number(new URL(request.url).pathname.slice(1));

describe(`a status that is none, on ${runtimeName}'s own server`, () => {
  const { error } = console;
  before(() => {
    // Servers log what they refuse.
    console.error = () => {};
  });
  after(() => {
    console.error = error;
  });

  for (const [name, make] of Object.entries(responses)) {
    it(`is counted as its client saw it, raw, with ${name}`, async () => {
      using under = measureApp();
      // What a handler answers at once with such a status ends a process of `@hono/node-server`, measured or not.
      const handler = (request: Request): Promise<Response> =>
        new Promise((resolve) => resolve(make(statuses[indexOf(request)])));
      await using server = await serveApp(under.monitor.instrument(handler));
      const seen = await seenBy(server.url);
      assertEquals(await counted(under.monitor, statuses.length), seen);
    });

    it(`is counted as its client saw it, on Hono, with ${name}`, async () => {
      using under = measureApp();
      under.app.get("/:index", (c) => make(statuses[Number(c.req.param("index"))]));
      await using server = await serveApp(under.app.fetch);
      const seen = await seenBy(server.url);
      assertEquals(await counted(under.monitor, statuses.length), seen);
    });
  }

  it("is counted as its client saw it where Hono's context is told it", async () => {
    using under = measureApp();
    under.app.get("/:index", (c) => {
      c.status(statuses[Number(c.req.param("index"))] as never);
      return c.text("x");
    });
    await using server = await serveApp(under.app.fetch);
    const seen = await seenBy(server.url);
    assertEquals(await counted(under.monitor, statuses.length), seen);
  });
});

const skip = runtimeName === "node" ? false : "Deno's and Bun's messages refuse other statuses";
describe("a status that is none, on Node's messages", { skip }, () => {
  /** Falls back where the message refuses a status, as an app's error handler does. */
  const answer = (response: ServerResponse, write: () => void): void => {
    try {
      write();
    } catch {
      response.statusCode = 503;
      response.end();
    }
  };
  const index = (request: IncomingMessage): number => Number(request.url!.slice(1));
  const writers: Record<string, (response: ServerResponse, status: never) => void> = {
    "writeHead()": (response, status) => void response.writeHead(status).end("x"),
    "statusCode": (response, status) => {
      response.statusCode = status;
      response.end("x");
    },
    "statusCode and parts": (response, status) => {
      response.statusCode = status;
      response.write("x");
      response.end("y");
    },
  };
  type Listen = (monitor: Monitor<Registry>, write: typeof writers[string]) => Promise<{
    url: string;
    close(): Promise<void> | void;
  }>;
  const listening = async (listener: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, close };
  };
  const doors: Record<string, Listen> = {
    instrumentListener: (monitor, write) =>
      listening(
        instrumentListener(monitor, (request: IncomingMessage, response: ServerResponse) =>
          answer(response, () =>
            write(response, statuses[index(request)] as never))),
      ),
    expressMetrics: (monitor, write) => {
      const app = express();
      app.use(expressMetrics(monitor, { path: false }));
      app.get(
        "/:index",
        (request, response) => answer(response, () => write(response, statuses[index(request)] as never)),
      );
      return listening(app);
    },
    fastifyMetrics: async (monitor, write) => {
      const app = fastify();
      app.register(fastifyMetrics(monitor, { path: false }));
      app.after(() => {
        app.get("/:index", (request, reply) => {
          reply.hijack();
          answer(reply.raw, () => write(reply.raw, statuses[index(request.raw)] as never));
        });
      });
      return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
    },
    "Fastify's own code()": async (monitor) => {
      const app = fastify();
      app.register(fastifyMetrics(monitor, { path: false }));
      app.after(() => {
        app.get("/:index", (request, reply) => reply.code(statuses[index(request.raw)] as never).send("x" as never));
      });
      return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
    },
    "Express' own status()": (monitor) => {
      const app = express();
      app.set("env", "test");
      app.use(expressMetrics(monitor, { path: false }));
      app.get("/:index", (request, response) => void response.status(statuses[index(request)] as never).send("x"));
      return listening(app);
    },
  };
  for (const [door, listen] of Object.entries(doors)) {
    for (const [name, write] of Object.entries(writers)) {
      it(`is counted as its client saw it, by ${door} with ${name}`, async () => {
        using monitor = createMonitor({ registry: new Registry() }) as Monitor<Registry>;
        const server = await listen(monitor, write);
        try {
          const seen = await seenBy(server.url);
          assertEquals(await counted(monitor, statuses.length), seen);
        } finally {
          await server.close();
        }
      });
    }
  }
});
