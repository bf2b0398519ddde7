// Bodies that stand ready, statuses and headers.

import { Buffer } from "node:buffer";
import { encode, type Kind, kindsOf } from "./kind.ts";

const megabytes = Uint8Array.from({ length: 2 << 20 }, (_, i) => (i * 7 + (i >> 8)) % 256);
const shared = (): SharedArrayBuffer => {
  const memory = new SharedArrayBuffer(8);
  new Uint8Array(memory).set(encode("shared!!"));
  return memory;
};
const body = (value: unknown): Response => new Response(value as BodyInit);

function form(...files: File[]): FormData {
  const data = new FormData();
  data.append("a", "1");
  data.append("a", "zwei €");
  for (const file of files) data.append("file", file);
  return data;
}

/** Each typed array that the runtime has. */
const arrays = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
].flatMap((name) => {
  const Type = (globalThis as never as Record<string, new (buffer: ArrayBuffer) => ArrayBufferView>)[name];
  return Type ? [[name, Type] as const] : [];
});

const bodies: Kind[] = kindsOf({
  text: () => body("hello"),
  "text of two bytes a letter": () => body("grüße, €, 😀"),
  "text as long as it weighs": () => body("Привет"),
  "long text as long as it weighs": () => body("Привет".repeat(100)),
  "half a letter": () => body("\ud83d"),
  "empty text": () => body(""),
  "long text": () => body("long ".repeat(20_000)),
  "text of 20 kB": () => body("x".repeat(20_000)),
  "2 MB of text": () => body("0123456789abcdef".repeat(1 << 17)),
  "nothing given": () => new Response(),
  null: () => body(null),
  undefined: () => body(undefined),
  number: () => body(7),
  boolean: () => body(false),
  "big number": () => body(7n),
  object: () => body({ a: 1 }),
  array: () => body(["a", "b"]),
  "text object": () => body(new String("boxed")),
  symbol: () => body(Symbol("none")),
  "what throws as a text": () =>
    body({
      toString() {
        throw new Error("no text");
      },
    }),
  ...Object.fromEntries(
    arrays.map(([name, Type]) => [name, () => body(new Type(encode("0123456789abcdef").buffer))]),
  ),
  "empty Uint8Array": () => body(new Uint8Array()),
  "part of a buffer": () => body(encode("only the middle").subarray(5, 8)),
  DataView: () => body(new DataView(encode("a view on it").buffer, 2, 4)),
  ArrayBuffer: () => body(encode("buffer").buffer),
  "empty ArrayBuffer": () => body(new ArrayBuffer(0)),
  SharedArrayBuffer: () => body(shared()),
  "view on shared memory": () => body(new Uint8Array(shared())),
  Buffer: () => body(Buffer.alloc(20, "ab")),
  "pooled Buffer": () => body(Buffer.from("pooled")),
  "2 MB of bytes": () => body(megabytes),
  "bytes changed behind the answer": () => {
    const bytes = encode("before");
    const response = body(bytes);
    bytes.fill(65);
    return response;
  },
  "Blob with a type": () => body(new Blob(["a blob"], { type: "text/x" })),
  "Blob without a type": () => body(new Blob(["typeless"])),
  "empty Blob": () => body(new Blob([])),
  "empty Blob with a type": () => body(new Blob([], { type: "text/x" })),
  "slice of a Blob": () => body(new Blob(["a slice of it"], { type: "text/x" }).slice(2, 7)),
  "slice of a Blob with a type": () => body(new Blob(["a slice of it"]).slice(2, 7, "text/slice")),
  "Blob with a charset": () => body(new Blob(["ü"], { type: "text/plain;charset=utf-8" })),
  "Blob of 2 MB": () => body(new Blob([megabytes], { type: "x/y" })),
  "Blob of Blobs": () => body(new Blob([new Blob(["a"]), encode("b"), "c"])),
  "Blob under another type": () =>
    new Response(new Blob(["x"], { type: "text/x" }), { headers: { "content-type": "text/other" } }),
  File: () => body(new File(["in it"], "f.txt", { type: "text/file" })),
  "File without a type": () => body(new File(["in it"], "f.txt")),
  FormData: () => body(form()),
  "FormData with a file": () => body(form(new File(["in it"], "f.txt", { type: "text/file" }))),
  "FormData of 200 kB": () => body(form(new File([megabytes.subarray(0, 200_000)], "big"))),
  "empty FormData": () => body(new FormData()),
  URLSearchParams: () => body(new URLSearchParams({ a: "b c", "ü": "&" })),
  "empty URLSearchParams": () => body(new URLSearchParams()),
  URL: () => body(new URL("http://localhost/x")),
  Date: () => body(new Date(0)),
  Error: () => body(new RangeError("as a body")),
  function: () => body(Math.max),
});

const text = (init: ResponseInit): Response => new Response("with a body", init);
const emptyStatuses = [204, 205, 304];
const statuses = [
  ...[200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 299, 300, 301, 302, 303, 304, 305, 307, 308, 399],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422],
  ...[423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 507, 508, 510, 511, 599],
];

const withStatus: Kind[] = [
  ...kindsOf(Object.fromEntries(statuses.map((status) => [
    `status ${status}`,
    () => emptyStatuses.includes(status) ? new Response(null, { status }) : text({ status }),
  ]))),
  ...kindsOf(Object.fromEntries([201, 301, 400, 500].map((status) => [
    `status ${status} without a body`,
    () => new Response(null, { status }),
  ]))),
  // What a Response refuses is thrown in the handler.
  ...kindsOf(
    Object.fromEntries([0, 99, 100, 101, 102, 103, 199, 600, 999, 1000, -1, 11000, 200.5, NaN].map((status) => [
      `status ${status} asked for`,
      () => new Response(null, { status }),
    ])),
  ),
  ...kindsOf(
    Object.fromEntries(emptyStatuses.map((status) => [`status ${status} with a body`, () => text({ status })])),
  ),
  ...kindsOf({
    "status as a text": () => text({ status: "201" as never }),
    "status text": () => text({ status: 202, statusText: "Very well" }),
    "status text of the app's own": () => text({ status: 299, statusText: "Mine" }),
    "status text in latin1": () => text({ statusText: "caf\xe9" }),
    "status text that is none": () => text({ statusText: "a\r\nb" }),
    "304 with headers": () => new Response(null, { status: 304, headers: { etag: '"x"', "content-type": "text/x" } }),
    "204 with headers": () => new Response(null, { status: 204, headers: { "x-a": "b", "content-type": "text/x" } }),
    "206 with its range": () => text({ status: 206, headers: { "content-range": "bytes 0-10/100" } }),
    "401 that asks": () => text({ status: 401, headers: { "www-authenticate": "Basic" } }),
    "Response.json": () => Response.json({ a: [1, "ü"] }),
    "Response.json with a status": () => Response.json(null, { status: 201, headers: { "x-a": "b" } }),
    "Response.json of another type": () => Response.json([], { headers: { "content-type": "x/y" } }),
    "Response.json of nothing": () => Response.json(undefined),
    "Response.json of a circle": () => {
      const circle: Record<string, unknown> = {};
      circle.circle = circle;
      return Response.json(circle);
    },
    "Response.error()": () => Response.error(),
    ...Object.fromEntries([301, 302, 303, 307, 308, 200].map((status) => [
      `Response.redirect ${status}`,
      () => Response.redirect("http://localhost/elsewhere?a=b", status),
    ])),
    "Response.redirect to a path": () => Response.redirect("/elsewhere"),
  }),
];

function withHeaders(init: HeadersInit, value: BodyInit | null = "with headers"): Response {
  return new Response(value, { headers: init });
}

const headers: Kind[] = kindsOf({
  "no content type": () => withHeaders({}, encode("bytes")),
  "empty content type": () => withHeaders({ "content-type": "" }),
  "content type on bytes": () => withHeaders({ "content-type": "application/x; a=b" }, encode("bytes")),
  "content type without a body": () => withHeaders({ "content-type": "text/x" }, null),
  "headers of a list": () => withHeaders([["X-B", "2"], ["x-a", "1"], ["X-b", "3"]]),
  "headers of an object": () => withHeaders({ "X-Mixed-Case": "1", "x-lower": "2" }),
  "headers of Headers": () => withHeaders(new Headers({ "x-a": "1" })),
  "headers of a Map": () => withHeaders(new Map([["x-a", "1"]]) as never),
  "headers appended later": () => {
    const response = withHeaders({ "x-a": "1" });
    response.headers.append("x-a", "2");
    response.headers.set("x-b", "3");
    response.headers.delete("content-type");
    return response;
  },
  "two cookies": () => withHeaders([["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2, and 3; HttpOnly"]]),
  "many cookies": () =>
    withHeaders(Array.from({ length: 30 }, (_, i): [string, string] => ["Set-Cookie", `c${i}=${i}`])),
  "header in latin1": () => withHeaders({ "x-latin": "caf\xe9 \xff" }),
  "header that is no latin1": () => withHeaders({ "x-wide": "€" }),
  "header with a line feed": () => withHeaders({ "x-bad": "a\r\nx-injected: b" }),
  "header with a bad name": () => withHeaders({ "bad name": "x" }),
  "empty header": () => withHeaders({ "x-empty": "" }),
  "header with spaces": () => withHeaders({ "x-spaces": "  a \t b  " }),
  "long header": () => withHeaders({ "x-long": "l".repeat(7000) }),
  "hundred headers": () => withHeaders(Array.from({ length: 100 }, (_, i): [string, string] => [`x-${i}`, String(i)])),
  "length that is right": () => withHeaders({ "content-length": "12" }),
  "length that is right, of bytes": () => withHeaders({ "content-length": "5" }, encode("bytes")),
  "length without a body": () => withHeaders({ "content-length": "0" }, null),
  "length that is none": () => withHeaders({ "content-length": "many" }),
  "connection close": () => withHeaders({ connection: "close" }),
  "date of its own": () => withHeaders({ date: "Thu, 01 Jan 1970 00:00:00 GMT" }),
  "server of its own": () => withHeaders({ server: "mine" }),
  "etag and last-modified": () => withHeaders({ etag: 'W/"x"', "last-modified": "Thu, 01 Jan 1970 00:00:00 GMT" }),
  "an encoding that is not there": () => withHeaders({ "content-encoding": "identity" }),
  "an encoding that is a lie": () => withHeaders({ "content-encoding": "gzip" }, encode("no gzip at all")),
  "an encoding on 20 kB": () => withHeaders({ "content-encoding": "x-none" }, "x".repeat(20_000)),
  "no-transform": () => withHeaders({ "cache-control": "no-transform", vary: "accept" }),
  "security headers": () =>
    withHeaders({ "content-security-policy": "default-src 'self'", "strict-transport-security": "max-age=1" }),
  "alt-svc and link": () =>
    withHeaders([["link", "</a>; rel=preload"], ["link", "</b>; rel=preload"], ["alt-svc", "h3"]]),
  "trailer announced": () => withHeaders({ trailer: "x-sum" }),
});

export const readyKinds: readonly Kind[] = [...bodies, ...withStatus, ...headers];
