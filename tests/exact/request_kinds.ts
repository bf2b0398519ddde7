// Requests of every kind, and what is made of them.

import { ask, askOn, encode, type Kind, kindsOf } from "./kind.ts";
import { pulled } from "./stream_kinds.ts";

const hello = (): Response => new Response("hello");
const stream = (): Response =>
  new Response(pulled(encode("one "), encode("two")), { headers: { "content-type": "text/x" } });
const nothing = (): Response => new Response(null, { status: 204 });
const post = (body: string, type = "text/plain"): string =>
  ask("POST", `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n`, body);
const chunked = (...pieces: string[]): string =>
  pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("") + "0\r\n\r\n";

function kind(name: string, messages: Kind["messages"] & object, answer: Kind["answer"]): Kind {
  return { name, answer, messages };
}

const methods = ["OPTIONS", "DELETE", "PATCH", "PUT", "POST"];

export const requestKinds: readonly Kind[] = [
  ...methods.map((method) => kind(`method ${method}`, [ask(method, "Content-Length: 0\r\n")], hello)),
  ...methods.map((method) => kind(`method ${method} to a stream`, [ask(method, "Content-Length: 0\r\n")], stream)),
  ...["PROPFIND", "PURGE", "REPORT", "FOO", "TRACE"].map((method) => kind(`method ${method}`, [ask(method)], hello)),
  kind(
    "tells its request",
    [
      ask("GET", "X-A: 1\r\nx-b: caf\xe9\r\nX-A: 2\r\n", "", "PATH?a=b%20c&d=%C3%BC"),
      ask("GET", "", "", "PATH/?"),
    ],
    ({ request: { method, url, headers } }) =>
      Response.json({
        method,
        path: url.replace(/^https?:\/\/[^/]*/, ""),
        a: headers.get("x-a"),
        b: headers.get("x-b"),
      }),
  ),
  kind("tells its body", [
    post("hello"),
    post(""),
    ask("POST", "Transfer-Encoding: chunked\r\n", chunked("in ", "pieces")),
  ], async ({ request }) => new Response(`got ${await request.text()}`)),
  kind(
    "tells its JSON",
    [post('{"a":1}', "application/json"), post("{", "application/json")],
    async ({ request }) => Response.json(await request.json()),
  ),
  kind(
    "tells its form",
    [post("a=1&b=%C3%BC", "application/x-www-form-urlencoded")],
    async ({ request }) => Response.json([...await request.formData()]),
  ),
  kind(
    "sends its body back",
    [post("hello"), ask("POST", "Transfer-Encoding: chunked\r\n", chunked("in ", "pieces"))],
    ({ request }) => new Response(request.body),
  ),
  kind("sends a long body back", [post("x".repeat(200_000))], ({ request }) => new Response(request.body)),
  kind("does not read a body", [post("unread")], hello),
  kind("does not read a long body", [post("x".repeat(300_000))], hello),
  kind("reads a body behind the answer", [post("read late")], ({ request }) => {
    const text = request.text();
    return new Response(
      new ReadableStream({
        async pull(controller) {
          controller.enqueue(encode(await text));
          controller.close();
        },
      }),
    );
  }),
  kind("clones its request", [post("cloned")], async ({ request }) => {
    const copy = request.clone();
    return new Response(await copy.text() + await request.text());
  }),
  kind(
    "reads its body twice",
    [post("twice")],
    async ({ request }) => new Response(await request.text() + await request.text()),
  ),
  kind(
    "a body that was said to come",
    [[ask("POST", "Expect: 100-continue\r\nContent-Length: 5\r\n"), "later"]],
    async ({ request }) => new Response(await request.text()),
  ),
  kind(
    "a body in two parts",
    [[ask("POST", "Content-Length: 9\r\n", "one "), "later"]],
    async ({ request }) => new Response(await request.text()),
  ),
  kind("HTTP/1.0", [
    "GET PATH HTTP/1.0\r\nHost: localhost\r\n\r\n",
    "GET PATH HTTP/1.0\r\n\r\n",
    "HEAD PATH HTTP/1.0\r\nHost: localhost\r\n\r\n",
  ], hello),
  kind("HTTP/1.0 to a stream", ["GET PATH HTTP/1.0\r\nHost: localhost\r\n\r\n"], stream),
  kind("HTTP/1.0 to nothing", ["GET PATH HTTP/1.0\r\nHost: localhost\r\n\r\n"], nothing),
  kind("HTTP/1.0 that stays", [
    "GET PATH HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n" +
    "GET PATH HTTP/1.0\r\nHost: localhost\r\n\r\n",
  ], hello),
  kind("one connection, one after another", [[askOn("GET"), askOn("HEAD"), ask("GET")]], hello),
  kind("one connection, streams one after another", [[askOn("GET"), ask("GET")]], stream),
  kind("all asked at once", [askOn("GET") + askOn("HEAD") + askOn("GET") + askOn("OPTIONS") + ask("GET")], hello),
  kind("streams all asked at once", [askOn("GET") + askOn("GET") + ask("GET")], stream),
  kind("nothing, all asked at once", [askOn("GET") + askOn("HEAD") + ask("GET")], nothing),
  kind("slow ones all asked at once", [askOn("GET") + askOn("GET") + ask("GET")], async ({ memory }) => {
    const number = Number(memory.get("number") ?? 0) + 1;
    memory.set("number", number);
    await new Promise((resolve) => setTimeout(resolve, 20 - 5 * (number % 3)));
    return new Response("slow");
  }),
  kind("bodies all sent at once", [
    askOn("POST", "Content-Length: 3\r\n", "one") + ask("POST", "Content-Length: 3\r\n", "two"),
  ], async ({ request }) => new Response(await request.text())),
  kind("a failure, then another request", [[askOn("GET"), ask("GET")]], () => {
    throw new Error("boom");
  }),
  kind("a range", [ask("GET", "Range: bytes=1-2\r\n"), ask("GET", "Range: bytes=90-\r\n")], ({ request }) => {
    const [, from = "0", to] = /bytes=(\d+)-(\d+)?/.exec(request.headers.get("range") ?? "") ?? [];
    const text = "0123456789".slice(Number(from), to === undefined ? undefined : Number(to) + 1);
    return text === ""
      ? new Response(null, { status: 416, headers: { "content-range": "bytes */10" } })
      : new Response(text, { status: 206, headers: { "content-range": `bytes ${from}-${to}/10` } });
  }),
  kind("a range of what does not know ranges", [ask("GET", "Range: bytes=1-2\r\n")], hello),
  kind(
    "a match",
    [ask("GET", 'If-None-Match: "x"\r\n'), ask("GET", 'If-None-Match: "y"\r\n')],
    ({ request }) =>
      request.headers.get("if-none-match") === '"x"'
        ? new Response(null, { status: 304, headers: { etag: '"x"' } })
        : new Response("whole", { headers: { etag: '"x"' } }),
  ),
  kind(
    "what may be compressed",
    [ask("GET", "Accept-Encoding: gzip, deflate, br\r\n")],
    () => new Response("compressible ".repeat(500), { headers: { "content-type": "text/plain" } }),
  ),
  kind(
    "a stream that may be compressed",
    [ask("GET", "Accept-Encoding: gzip, br\r\n")],
    () => new Response(pulled(encode("compressible ".repeat(500))), { headers: { "content-type": "text/plain" } }),
  ),
  kind("an answer by its signal", [ask("GET")], ({ request }) => new Response(String(request.signal?.aborted))),
  kind("an upgrade that is not taken", [ask("GET", "Connection: Upgrade\r\nUpgrade: h2c\r\n")], hello),
  kind("a WebSocket that is not taken", [
    ask("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
  ], hello),
  kind("a trace that comes along", [
    ask("GET", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"),
  ], hello),
  ...kindsOf({
    "headers of the request sent back": ({ request }) => new Response("x", { headers: request.headers }),
    "itself as the answer's body": ({ request }) => new Response(request as never),
  }),
];
