// The kinds of request of the soak: what the client does, and what the app answers, side by side.

import { createReadStream } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import process from "node:process";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Client } from "./client.ts";

/** The ways into the library that are soaked. */
export type DoorName = "hono" | "raw" | "listener" | "express" | "fastify" | "http2";

/** One kind of request. */
export interface Kind {
  name: string;
  path: string;
  /** The route on the page. */
  route: string;
  /** What the client does. */
  send(client: Client): Promise<unknown>;
  /** What a fetch handler answers, on Hono and raw. */
  fetch?: (request: Request) => unknown;
  /** What a listener of Node's answers, alone and behind Express and Fastify. */
  message?: (request: IncomingMessage, response: ServerResponse) => unknown;
  /** What a listener answers over HTTP/2. */
  http2?: (response: Http2ServerResponse) => unknown;
  /** Where it is known, if not everywhere that it has an answer for. */
  doors?: readonly DoorName[];
  /** Does no handler of the app's see it? */
  isUnseen?: boolean;
}

const file = fileURLToPath(import.meta.url);
const large = "0123456789abcdef".repeat(16_384); // 256 KiB
const huge = new Uint8Array(8 << 20);
const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function streamOf(times: number, pauseMilliseconds: number, breaks = false, bytes = 64): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (pauseMilliseconds > 0) await delay(pauseMilliseconds);
      if (sent++ < times) controller.enqueue(new Uint8Array(bytes));
      else if (breaks) controller.error(new Error("broke midway"));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

const stream = (...args: Parameters<typeof streamOf>): Response => new Response(streamOf(...args) as BodyInit);

/** Works until its client has left, where anything tells it, or for a while. */
async function untilLeft(request: Request): Promise<Response> {
  const { signal } = request;
  await Promise.race([delay(150), new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()))]);
  return new Response("late");
}

const never = new Promise(() => {});
const get = (client: Client): Promise<unknown> => client.ask();
const close = "Connection: close\r\n\r\n";

/** A kind whose path and route are its name. */
function kind(name: string, send: Kind["send"], rest: Partial<Kind>): Kind {
  const path = `/${name.replaceAll(/[^a-z0-9]+/g, "-")}`;
  return { name, path, route: path, send, ...rest };
}

/** Everything that both a fetch handler and a listener answer. */
const common: Kind[] = [
  kind("text", get, {
    fetch: () => new Response("hello"),
    message: (_, r) => r.end("hello"),
    http2: (r) => r.end("x"),
  }),
  kind("json", get, {
    fetch: () => Response.json({ a: [1, 2, 3] }),
    message: (_, r) => r.setHeader("content-type", "application/json").end('{"a":1}'),
  }),
  kind("head", (client) => client.ask({ method: "HEAD" }), {
    fetch: () => new Response("not sent"),
    message: (_, r) => r.end("not sent"),
  }),
  kind("head of a stream", (client) => client.ask({ method: "HEAD" }), {
    fetch: () => stream(3, 0),
    message: (_, r) => (r.write("a"), r.end("b")),
  }),
  kind("204", get, {
    fetch: () => new Response(null, { status: 204 }),
    message: (_, r) => r.writeHead(204).end(),
  }),
  kind("304", (client) => client.ask({ headers: { "if-none-match": '"x"' } }), {
    fetch: () => new Response(null, { status: 304, headers: { etag: '"x"' } }),
    message: (_, r) => r.writeHead(304, { etag: '"x"' }).end(),
  }),
  kind("redirect", get, {
    fetch: () => new Response(null, { status: 302, headers: { location: "/text" } }),
    message: (_, r) => r.writeHead(302, { location: "/text" }).end(),
  }),
  kind("404 of a handler", get, {
    fetch: () => new Response("no", { status: 404 }),
    message: (_, r) => r.writeHead(404).end("no"),
  }),
  kind("odd 299", get, {
    fetch: () => new Response("odd", { status: 299 }),
    message: (_, r) => r.writeHead(299, "Odd Indeed").end("odd"),
  }),
  kind("odd 599", get, {
    fetch: () => new Response("odd", { status: 599 }),
    message: (_, r) => r.writeHead(599).end("odd"),
  }),
  kind("500 of a handler", get, {
    fetch: () => new Response("sorry", { status: 500 }),
    message: (_, r) => r.writeHead(500).end("sorry"),
  }),
  kind("large text", get, { fetch: () => new Response(large), message: (_, r) => r.end(large) }),
  kind("large bytes", get, { fetch: () => new Response(encode(large)), message: (_, r) => r.end(encode(large)) }),
  kind("leaver in a large body", (client) => client.leave("body"), {
    fetch: () => new Response(huge),
    message: (_, r) => r.end(huge),
  }),
  kind("stream", get, {
    fetch: () => stream(5, 0),
    message: (_, r) => void Readable.from(["a", "b", "c"]).pipe(r),
  }),
  kind("slow stream", get, {
    fetch: () => stream(3, 10),
    message: async (_, r) => {
      for (let i = 0; i < 3; i++) {
        r.write("piece");
        await delay(10);
      }
      r.end();
    },
  }),
  kind("stream that breaks", get, {
    fetch: () => stream(2, 5, true),
    message: (_, r) => (r.write("a"), void setTimeout(() => r.destroy(new Error("broke midway")), 5)),
  }),
  kind("leaver in a stream", (client) => client.leave("body"), {
    fetch: () => stream(400, 5),
    message: (_, r) => {
      const timer = setInterval(() => r.write("piece"), 5);
      r.on("close", () => clearInterval(timer));
    },
  }),
  kind("leaver before the head", (client) => client.leave(40), {
    fetch: untilLeft,
    message: (_, r) => void setTimeout(() => r.end("late"), 150),
  }),
  kind("leaver at once", (client) => client.leave(1), {
    fetch: () => new Response("quick"),
    message: (_, r) => r.end("quick"),
  }),
  kind("slow", get, {
    fetch: async () => (await delay(30), new Response("slow")),
    message: (_, r) => void setTimeout(() => r.end("slow"), 30),
  }),
  kind("events that end", get, {
    fetch: () => new Response(streamOf(2, 5) as BodyInit, { headers: { "content-type": "text/event-stream" } }),
    message: (_, r) => {
      r.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
      setTimeout(() => r.end(), 5);
    },
  }),
  kind("events that are left", (client) => client.leave("body"), {
    fetch: () => new Response(streamOf(400, 5) as BodyInit, { headers: { "content-type": "text/event-stream" } }),
    message: (_, r) => {
      r.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
      const timer = setInterval(() => r.write("data: 2\n\n"), 5);
      r.on("close", () => clearInterval(timer));
    },
  }),
  kind("post that is read", (client) => client.ask({ method: "POST", body: large }), {
    fetch: async (request) => new Response(String((await request.text()).length)),
    message: async (request, r) => {
      let size = 0;
      for await (const piece of request) size += (piece as Uint8Array).length;
      r.end(String(size));
    },
  }),
  kind("post that is not read", (client) => client.ask({ method: "POST", body: "unread" }), {
    fetch: () => new Response("as you like"),
    message: (_, r) => r.end("as you like"),
  }),
  kind("put in pieces", (client) => client.ask({ method: "PUT", body: ["one ", "two ", "three"] }), {
    fetch: async (request) => new Response(await request.text(), { status: 201 }),
    message: (request, r) => void request.pipe(r.writeHead(201)),
  }),
  kind("leaver in an upload", (client) =>
    client.text(
      `POST /leaver-in-an-upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf`,
      40,
    ).then(() => client.saw(undefined, "POST")), {
    fetch: async (request) => {
      await Promise.race([request.text(), delay(150)]).catch(() => {});
      return new Response("never read");
    },
    message: (request, r) => {
      request.on("error", () => {}).on("close", () => r.end("never read")).resume();
    },
  }),
  kind("delete", (client) => client.ask({ method: "DELETE" }), {
    fetch: () => new Response(null, { status: 204 }),
    message: (_, r) => r.writeHead(204).end(),
  }),
  kind("options", (client) => client.ask({ method: "OPTIONS" }), {
    fetch: () => new Response(null, { status: 204, headers: { allow: "GET" } }),
    message: (_, r) => r.writeHead(204, { allow: "GET" }).end(),
  }),
  kind("patch", (client) => client.ask({ method: "PATCH", body: "{}" }), {
    fetch: async (request) => new Response(await request.text()),
    message: (request, r) => (request.resume(), r.end("{}")),
  }),
  kind("a rare method", (client) => client.ask({ method: "PROPFIND" }), {
    fetch: () => new Response("found", { status: 207 }),
    message: (_, r) => r.writeHead(207).end("found"),
  }),
  kind("cookies", get, {
    fetch: () => new Response("x", { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] }),
    message: (_, r) => r.setHeader("set-cookie", ["a=1", "b=2"]).end("x"),
  }),
  kind(
    "a request for an upgrade that is none",
    (client) => client.ask({ headers: { connection: "upgrade", upgrade: "websocket" } }),
    {
      fetch: () => new Response("no socket here"),
      message: (_, r) => r.end("no socket here"),
    },
  ),
  kind("keep-alive", (client) => client.askAgain(5), {
    fetch: () => new Response("again"),
    message: (_, r) => r.end("again"),
  }),
  kind("pipelined", async (client) => {
    const one = "GET /pipelined HTTP/1.1\r\nHost: a\r\n";
    const statuses = await client.text(`${one}\r\n${one}\r\n${one}${close}`);
    for (let i = 0; i < Math.max(3, statuses.length); i++) client.saw(statuses[i]);
  }, { fetch: () => new Response("one of three"), message: (_, r) => r.end("one of three") }),
  kind("http 1 0", async (client) => {
    const [status] = await client.text("GET /http-1-0 HTTP/1.0\r\nHost: localhost\r\n\r\n");
    client.saw(status);
  }, { fetch: () => new Response("old"), message: (_, r) => r.end("old") }),
  kind("http 1 0 without a host", async (client) => {
    const [status] = await client.text("GET /http-1-0-without-a-host HTTP/1.0\r\n\r\n");
    client.saw(status);
  }, {
    fetch: () => new Response("old"),
    message: (_, r) => r.end("old"),
    // On Bun such a request has no URL, and Hono finds no route.
    doors: ["raw", "listener", "express", "fastify"],
  }),
  kind("a long query", (client) => client.ask({ path: `/a-long-query?q=${"x".repeat(3000)}` }), {
    fetch: () => new Response("found"),
    message: (_, r) => r.end("found"),
  }),
  kind("expect 100", async (client) => {
    const statuses = await client.text(
      `POST /expect-100 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`,
    );
    client.saw(statuses.find((status) => status !== 100), "POST");
  }, {
    fetch: async (request) => new Response(await request.text()),
    message: (request, r) => void request.pipe(r),
  }),
  kind("half a request", async (client) => {
    await client.text("GET /half-a-request HTTP/1.1\r\nHost: a\r\nX-", 10);
    await client.text("\x16\x03\x01\x00 no HTTP at all\r\n\r\n", 10);
    await client.ask();
  }, { fetch: () => new Response("whole"), message: (_, r) => r.end("whole") }),
  kind("a connection without a request", async (client) => {
    await client.text("", 5);
    await client.ask();
  }, { fetch: () => new Response("asked"), message: (_, r) => r.end("asked") }),
];

/** What only fetch handlers answer. */
const fetches: Kind[] = [
  kind("an empty stream", get, { fetch: () => stream(0, 0) }),
  kind("a byte stream", get, { fetch: () => new Response(new Blob(["bytes"]).stream()) }),
  kind("a blob", get, { fetch: () => new Response(new Blob(["a blob"], { type: "text/x" })) }),
  kind("a form", get, { fetch: () => new Response(new URLSearchParams({ a: "b" })) }),
  kind("a file", get, {
    fetch: () => {
      const { Bun } = globalThis as { Bun?: { file(path: string): Blob } };
      return new Response(Bun ? Bun.file(file) : Readable.toWeb(createReadStream(file)) as unknown as BodyInit);
    },
  }),
  kind("a tee", get, {
    fetch: () => {
      const response = stream(3, 0);
      void response.clone().text();
      return response;
    },
  }),
  kind("a compression", get, {
    fetch: () => new Response(streamOf(3, 0).pipeThrough(new CompressionStream("gzip") as never)),
  }),
  kind("a proxied answer", get, { fetch: () => fetch(`http://127.0.0.1:${process.env["UPSTREAM"]}/gzip`) }),
  kind("thrown", get, {
    fetch: () => {
      throw new Error("thrown");
    },
  }),
  kind("rejected", get, { fetch: () => delay(5).then(() => Promise.reject(new Error("rejected"))) }),
  kind("thrown and no error", get, {
    fetch: () => {
      throw "no error";
    },
  }),
  kind("a race that another wins", get, {
    fetch: () => Promise.race([delay(5).then(() => new Response("first", { status: 504 })), never]),
  }),
  kind("nobody's stream", get, {
    fetch: () => {
      stream(3, 0);
      void new Response("unread");
      return new Response("another");
    },
  }),
];

/** What only Hono has. */
const honos: Kind[] = [
  { name: "sub-app", path: "/sub/7", route: "/sub/:id", send: get, doors: ["hono"] },
  { name: "sub-app that measures as well", path: "/twice/7", route: "/twice/:id", send: get, doors: ["hono"] },
  { name: "mounted app", path: "/mounted/deep/path", route: "/mounted/*", send: get, doors: ["hono"] },
  { name: "HTTPException", path: "/forbidden", route: "/forbidden", send: get, doors: ["hono"] },
  { name: "replaced by an outer middleware", path: "/replaced", route: "/replaced", send: get, doors: ["hono"] },
  {
    name: "WebSocket",
    path: "/socket",
    route: "/socket",
    send: (client) =>
      client.ask({
        headers: {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
      }),
    doors: ["hono"],
  },
];

/** What only listeners of Node's answer. */
const messages: Kind[] = [
  kind("a status that is none", get, {
    message: (_, r) => {
      try {
        r.writeHead(11000);
      } catch {
        r.writeHead(503);
      }
      r.end();
    },
  }),
  kind("no answer but an end", (client) => client.leave(2000), { message: (_, r) => void r.destroy() }),
  kind("early hints", async (client) => {
    const statuses = await client.text(`GET /early-hints HTTP/1.1\r\nHost: a\r\n${close}`);
    client.saw(statuses.at(-1));
  }, { message: (_, r) => (r.writeEarlyHints({ link: "</a>; rel=preload" }), r.end("late")) }),
  kind("written past the message's end", get, {
    message: (_, r) => {
      r.end("whole");
      r.on("error", () => {});
      r.write("too late");
    },
  }),
];

/** Each shape of HTTP/2. */
const http2s: Kind[] = [
  kind("compat", (client) => client.ask2(), { http2: (r) => r.end("hello") }),
  kind("compat in pieces", (client) => client.ask2(), {
    http2: (r) => (r.writeHead(201), r.write("a"), r.end("b")),
  }),
  kind("compat head", (client) => client.ask2({ method: "HEAD" }), { http2: (r) => r.end("not sent") }),
  kind("compat post", (client) => client.ask2({ method: "POST", body: large }), { http2: (r) => void r.req.pipe(r) }),
  kind("respond", (client) => client.ask2(), {
    http2: ({ stream }) => (stream.respond({ ":status": 404 }), stream.end("nothing")),
  }),
  kind("respond without a body", (client) => client.ask2(), {
    http2: ({ stream }) => stream.respond({ ":status": 204 }, { endStream: true }),
  }),
  kind("respond with a file", (client) => client.ask2(), {
    http2: ({ stream }) => stream.respondWithFile(file, { "content-type": "text/plain" }),
  }),
  kind("respond to head", (client) => client.ask2({ method: "HEAD" }), {
    http2: ({ stream }) => stream.respond({ ":status": 410 }, { endStream: true }),
  }),
  kind("reset before the head", (client) => client.ask2({}, { after: 20, how: "reset" }), {
    http2: (r) => void setTimeout(() => r.end("late"), 60),
  }),
  kind("reset behind the head", (client) => client.ask2({}, { after: 20, how: "reset" }), {
    http2: (r) => void r.write("begun"),
  }),
  kind("a connection that breaks", (client) => client.ask2({}, { after: 20, how: "connection" }), {
    http2: (r) => void r.write("begun"),
  }),
  kind("a reset by the server", (client) => client.ask2(), { http2: ({ stream }) => stream.close(2) }),
  kind("a push", (client) => client.ask2(), {
    http2: (r) => {
      r.createPushResponse({ ":path": "/pushed" }, (error, pushed) => error || pushed.end("pushed"));
      r.end("pushes");
    },
  }),
];

/** Those that no handler of the app's sees. */
const unseen: Kind[] = [
  {
    name: "no route",
    path: "/nowhere",
    route: "none",
    isUnseen: true,
    doors: ["hono", "raw", "listener", "express", "fastify"],
    send: (client) => client.ask({ path: `/nowhere/${Math.trunc(Math.random() * 1e9)}` }),
  },
];

/** All of them. */
export const kinds: readonly Kind[] = [...common, ...fetches, ...honos, ...messages, ...http2s, ...unseen];

/** The kinds that a door is asked. */
export function kindsOf(door: DoorName): readonly Kind[] {
  return kinds.filter(({ doors, fetch, message, http2 }) => {
    if (doors) return doors.includes(door);
    if (door === "hono" || door === "raw") return fetch !== undefined;
    return door === "http2" ? http2s.some((each) => each.http2 === http2) : message !== undefined;
  });
}
