// What odd clients send, through each door: requests that servers refuse, or treat in a way of their own.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Hono } from "hono";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { instrumentListener } from "@rtm/runtime-metrics/node";
import { serveApp } from "../support/real_server.ts";
import { type Door, type Listening, listenOn } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { ask, askOn, type Kind } from "./kind.ts";
import { type Message, saysNoMore } from "./wire.ts";

const upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const chunked = "Transfer-Encoding: chunked\r\n";
const get = (headers: string, path = "/"): string => ask("GET", headers, "", path);
const post = (headers: string, body: string): string => ask("POST", headers, body, "/");

const conversations: Readonly<Record<string, Message>> = {
  "CONNECT": "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
  "CONNECT with a body": ["CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", "tunnelled"],
  "OPTIONS *": ask("OPTIONS", "", "", "*"),
  "absolute form": get("", "http://localhost/absolute?a=b"),
  "absolute form of another host": get("", "http://example.com:81/absolute"),
  "absolute form of another scheme": get("", "ftp://example.com/absolute"),
  "a path that is no URL": get("", "//"),
  "a path of two hosts": get("", "//example.com/x"),
  "a path with a fragment": get("", "/a#b"),
  "a path with bad escapes": get("", "/%zz%00%ff?%"),
  "a path that is no ASCII": get("", "/\xfc\xe9"),
  "HTTP/1.0": "GET / HTTP/1.0\r\n\r\n",
  "HTTP/1.0 that stays": ["GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /b HTTP/1.0\r\n\r\n"],
  "HTTP/2.0": "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
  "no Host": "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
  "two Hosts": "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
  "an odd Host": "GET / HTTP/1.1\r\nHost: x/metrics?\r\nConnection: close\r\n\r\n",
  "an unknown method": ask("BREW", "", "", "/"),
  "a method in small letters": ask("get", "", "", "/"),
  "TRACE": ask("TRACE", "", "", "/"),
  "a GET with a body": ask("GET", "Content-Length: 4\r\n", "body", "/"),
  "three at once": askOn("GET", "", "", "/1") + askOn("HEAD", "", "", "/2") + get("", "/3"),
  "a body, and another request at once": askOn("POST", "Content-Length: 2\r\n", "hi", "/1") + get("", "/2"),
  "Expect: 100-continue": [post("Expect: 100-continue\r\nContent-Length: 4\r\n", ""), "body"],
  "another expectation": post("Expect: tea\r\nContent-Length: 4\r\n", "body"),
  "a WebSocket": get(`Connection: upgrade\r\n${upgrade}`).replace("Connection: close\r\n", ""),
  "a WebSocket by POST": post(`Connection: upgrade\r\n${upgrade}Content-Length: 0\r\n`, ""),
  "an upgrade to HTTP/2": get("Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
  "pieces": [post(chunked, "4\r\nbody\r\n"), "5\r\n more\r\n0\r\n\r\n"],
  "pieces with trailers": post(`Trailer: x-a\r\n${chunked}`, "4\r\nbody\r\n0\r\nx-a: b\r\n\r\n"),
  "pieces of no size": post(chunked, "zz\r\nbody\r\n0\r\n\r\n"),
  "pieces that are too short": post(chunked, "9\r\nbody\r\n0\r\n\r\n"),
  "a length and pieces": post(`Content-Length: 4\r\n${chunked}`, "4\r\nbody\r\n0\r\n\r\n"),
  "two lengths": post("Content-Length: 4\r\nContent-Length: 5\r\n", "body"),
  "a client that says no more": [askOn("GET", "", "", "/"), saysNoMore],
  "a client that says no more within a body": [post("Content-Length: 9\r\n", "body"), saysNoMore],
  "a client that says no more within its head": ["GET / HTTP/1.1\r\nHost:", saysNoMore],
  "a length that is none": post("Content-Length: four\r\n", "body"),
  "a header that is none": get("no colon\r\n"),
  "a folded header": get("x-a: b\r\n c\r\n"),
  "a header with NUL": get("x-a: \0\r\n"),
  "a header of 20 kB": get(`x-a: ${"a".repeat(20_000)}\r\n`),
  "no request": "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
  "an empty line first": `\r\n${get("")}`,
};

/** What an app sees of a request. */
const told = (method: string, url: string, headers: Iterable<readonly [string, string]>, body: string): string =>
  JSON.stringify([method, url, [...headers].filter(([name]) => name !== "host").sort(), body], undefined, 1);

async function answer(request: Request): Promise<Response> {
  const { method, url, headers } = request;
  const body = await request.text().catch((error: Error) => `no body: ${error.name}`);
  // The port is the server's own.
  return new Response(told(method, url.replace(/^(http:\/\/localhost):\d+/, "$1"), headers, body));
}

async function listener(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method, url, rawHeaders } = incoming;
  outgoing.on("error", () => {});
  let body = "";
  try {
    for await (const piece of incoming) body += String(piece);
  } catch (error) {
    body = `no body: ${(error as Error).name}`;
  }
  outgoing.end(told(method!, url!, rawHeaders.map((text) => [text, ""] as const), body));
}

function listen(handler: typeof listener, more: (server: ReturnType<typeof createServer>) => void): Promise<Listening> {
  const server = createServer((incoming, outgoing) => void handler(incoming, outgoing));
  more(server);
  return listenOn(server);
}

async function serve(fetch: (request: Request) => unknown): Promise<Listening> {
  const { url, stop } = await serveApp(fetch as never);
  return { port: Number(new URL(url).port), stop };
}

/** What an app of Node's may take in hand itself. */
function takeAll(server: ReturnType<typeof createServer>): void {
  for (const event of ["connect", "upgrade"]) {
    server.on(event, (_: unknown, socket: Socket) => socket.end(`HTTP/1.1 418 ${event}\r\nConnection: close\r\n\r\n`));
  }
  server.on("checkContinue", (_, outgoing) => void outgoing.writeHead(417).end("mine"));
  server.on("checkExpectation", (_, outgoing) => void outgoing.writeHead(417).end("mine, too"));
  server.on("clientError", (_, socket) => void socket.end("HTTP/1.1 400 Mine\r\nConnection: close\r\n\r\n"));
}

const doors: Readonly<Record<string, Door["serve"]>> = {
  "a fetch handler, asked oddly": (_, monitor) => serve(monitor?.instrument(answer) ?? answer),
  "an app of Hono's, asked oddly": (_, monitor) => {
    const app = new Hono();
    if (monitor) app.use(runtimeMetrics(monitor));
    app.all("*", (c) => answer(c.req.raw));
    return serve(app.fetch as never);
  },
  "a listener, asked oddly": (_, monitor) =>
    listen(monitor ? instrumentListener(monitor, listener) : listener, () => {}),
  "a listener that takes all in hand, asked oddly": (_, monitor) =>
    listen(monitor ? instrumentListener(monitor, listener) : listener, takeAll),
};

const kinds: Kind[] = Object.entries(conversations).map(([name, message]) => ({
  name,
  messages: [message],
  answer: () => undefined,
}));

for (const [name, serve] of Object.entries(doors)) {
  compareAnswers({ name, serve, uncounted: "what a server refuses by itself reaches nobody" }, {
    kinds,
    under: ["everything"],
  });
}
