// A fetch handler behind a server that brings its own kind of request and response, on a real socket: with a monitor, or by
// itself. It says where it listens, and answers the page on /page.

import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { Registry } from "prom-client";
import { createMonitor, httpMetrics } from "@rtm/runtime-metrics";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const [adapter, measures] = process.argv.slice(2) as [string, "measured" | "bare"];
const { modules } = pinnedPackages("tests/adapters");
const load = createRequire(`${modules}/x.js`) as (name: string) => Any;

/** What the handler answers, by path, with the classes of response that are given. */
function answers({ Response, ReadableStream }: Any): Record<string, (request: Request) => Any> {
  const stream = (times: number, breaks: boolean): Any => {
    let sent = 0;
    return new ReadableStream({
      async pull(controller: Any) {
        await delay(2);
        if (sent++ < times) controller.enqueue(Buffer.from(`piece ${sent} `));
        else if (breaks) controller.error(new Error("broke midway"));
        else controller.close();
      },
    });
  };
  return {
    "/text": () => new Response("hello"),
    "/json": () => Response.json({ a: 1 }),
    "/bytes": () => new Response(Buffer.from("pooled bytes")),
    "/large": () => new Response("0123456789".repeat(100_000)),
    "/none": () => new Response(null, { status: 204 }),
    "/teapot": () => new Response("short", { status: 418, headers: { "x-a": "b" } }),
    "/cookies": () => {
      const response = new Response("x");
      response.headers.append("set-cookie", "a=1");
      response.headers.append("set-cookie", "b=2");
      return response;
    },
    "/stream": () => new Response(stream(5, false)),
    "/broken": () => new Response(stream(2, true)),
    "/endless": () => new Response(stream(100_000, false)),
    "/thrown": () => {
      // A server shows the stack to its clients, which is another one where somebody stands around the handler.
      throw Object.assign(new Error("thrown"), { stack: "Error: thrown" });
    },
    "/echo": async (request) => new Response(await request.text()),
  };
}

const monitor = createMonitor({
  registry: new Registry(),
  http: { metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.responseSize()] },
});
const route = (request: Request): string => new URL(request.url).pathname;
const measured = <Handler extends object>(handler: Handler): Handler =>
  measures === "measured" ? monitor.instrument(handler, { route }) : handler;
const handlerOf = (classes: Any): (request: Request) => Any => {
  const known = answers(classes);
  return (request) => known[route(request)]?.(request) ?? new classes.Response("nowhere", { status: 404 });
};

async function listen(): Promise<number> {
  const onNode = async (listener: Any): Promise<number> => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as { port: number }).port;
  };
  const ponyfill = load("@whatwg-node/fetch");
  switch (adapter) {
    case "createServerAdapter":
      return await onNode(load("@whatwg-node/server").createServerAdapter(measured(handlerOf(ponyfill))));
    case "createServerAdapter with native classes":
      return await onNode(
        load("@whatwg-node/server").createServerAdapter(measured(handlerOf(globalThis)), { fetchAPI: globalThis }),
      );
    case "srvx":
    case "srvx with whatwg-node's classes": {
      const { serve } = await import(`${modules}/srvx/dist/adapters/node.mjs`);
      const fetch = measured(handlerOf(adapter === "srvx" ? globalThis : ponyfill));
      const server = serve({ fetch, port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
      await server.ready();
      return Number(new URL(server.url).port);
    }
    default: {
      const { createSchema, createYoga } = load("graphql-yoga");
      const yoga = createYoga({
        logging: false,
        schema: createSchema({
          typeDefs: "type Query { hello: String, fails: String } type Subscription { ticks: Int }",
          resolvers: {
            Query: {
              hello: () => "world",
              fails: () => Promise.reject(new Error("fails")),
            },
            Subscription: {
              ticks: {
                async *subscribe() {
                  for (let ticks = 0; ticks < 3; ticks++) yield { ticks };
                },
              },
            },
          },
        }),
      });
      // Around its fetch handler, as a server adapter of its own.
      const fetch = measured((request: Request, context: Any) => yoga.fetch(request, context));
      return await onNode(load("@whatwg-node/server").createServerAdapter(fetch));
    }
  }
}

const port = await listen();
const page = createServer(async (_request, response) => response.end(await (await monitor.handler()).text()));
await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
console.log(`listening on ${port}, page on ${(page.address() as { port: number }).port}`);
