import { describe, it } from "node:test";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { assertEquals } from "@std/assert";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { livePage } from "@rtm/runtime-metrics/live";
import { expressMetrics, fastifyMetrics, instrumentListener } from "@rtm/runtime-metrics/node";
import { runtimeName, serveApp } from "../support/real_server.ts";

/** Heads whose hosts are none, or more than one is, for a path. */
const heads: Record<string, (path: string) => string> = {
  "HTTP/1.0 without a host": (path) => `GET ${path} HTTP/1.0\r\n\r\n`,
  "an address in the request line": (path) => `GET http://elsewhere.example${path} HTTP/1.1\r\nHost: a\r\n`,
  ...Object.fromEntries(
    ["x/metrics?", "x/metrics#", "x\\metrics?", "a b%", "h:99999", "u@h", "", "[::1", "%zz", "a,b", "-"].map(
      (
        host,
      ) => [
        `the host ${JSON.stringify(host)}`,
        (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n`,
      ],
    ),
  ),
};

/** What a server answers: its status, and what of its body says who has answered. */
function answerOf(url: string, head: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    const whole = head.endsWith("\r\n\r\n") ? head : `${head}Connection: close\r\n\r\n`;
    const socket = connect(Number(port), hostname, () => socket.write(whole));
    socket.on("data", (data) => text += data.toString("latin1"));
    socket.on("error", () => {});
    socket.on("close", () => {
      const status = /^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? "nothing";
      resolve(`${status} ${text.includes("# HELP") ? "page" : /app|<html/.exec(text)?.[0] ?? ""}`);
    });
  });
}

interface Door extends AsyncDisposable {
  url: string;
}

/** An app that answers on /app; with a monitor it has the page on /metrics, and a live page on /live. */
type Make = (monitor: Monitor | undefined) => Promise<Door>;

const app = (): Response => new Response("app");

async function listening(listener: RequestListener): Promise<Door> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const doors: Record<string, Make> = {
  "a raw handler": (monitor) =>
    serveApp(monitor ? monitor.instrument(app, { path: "/metrics", route: { normalizePath: [] } }) : app),
  "Hono": (monitor) => {
    const hono = new Hono();
    if (monitor) {
      hono.use(runtimeMetrics(monitor));
      hono.get("/live", livePage(monitor, { public: true }).handler);
    }
    // Where a host moves a path, Hono itself finds another route: one that answers as the app does.
    for (const path of ["/app", "/metrics", "/live"]) hono.get(path, app);
    return serveApp(hono.fetch);
  },
  "a listener": (monitor) => {
    const listener = (_request: IncomingMessage, response: ServerResponse): unknown => response.end("app");
    return listening(
      monitor ? instrumentListener(monitor, listener, { path: "/metrics", route: { normalizePath: [] } }) : listener,
    );
  },
  ...(runtimeName === "node" && {
    "Express": (monitor) => {
      const framework = express();
      if (monitor) framework.use(expressMetrics(monitor));
      framework.get(["/app", "/metrics", "/live"], (_request, response) => void response.send("app"));
      return listening(framework);
    },
    "Fastify": async (monitor) => {
      const framework = fastify();
      if (monitor) framework.register(fastifyMetrics(monitor));
      framework.after(() => {
        for (const path of monitor ? ["/app"] : ["/app", "/metrics", "/live"]) framework.get(path, () => "app");
      });
      return { url: await framework.listen({ port: 0 }), [Symbol.asyncDispose]: () => framework.close() };
    },
  }),
};

describe("whatever a client says of its host", () => {
  for (const [name, make] of Object.entries(doors)) {
    it(`moves no path and breaks nothing behind ${name}`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      await using bare = await make(undefined);
      await using measured = await make(monitor);
      for (const [said, head] of Object.entries(heads)) {
        const [theirs, ours] = await Promise.all([bare, measured].map(({ url }) => answerOf(url, head("/app"))));
        assertEquals(ours, theirs, `/app with ${said}`);
        const unmeasured = await answerOf(bare.url, head("/metrics"));
        // Where the app itself cannot be reached, its page cannot be either.
        const expected = unmeasured.startsWith("200") ? "200 page" : unmeasured;
        assertEquals(await answerOf(measured.url, head("/metrics")), expected, `/metrics with ${said}`);
      }
    });
  }

  it("leaves the live page where it is", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await using bare = await doors["Hono"]!(undefined);
    await using measured = await doors["Hono"]!(monitor);
    for (const [said, head] of Object.entries(heads)) {
      const [theirs, ours] = await Promise.all([bare, measured].map(({ url }) => answerOf(url, head("/live"))));
      assertEquals(ours!.split(" ")[0], theirs!.split(" ")[0], said);
    }
  });
});
