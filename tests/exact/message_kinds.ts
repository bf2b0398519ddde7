// What a listener of Node's makes of a message.

import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { PassThrough, pipeline, Readable } from "node:stream";
import { ask, askOn, encode, type Kind, kindsOf } from "./kind.ts";

/** What a listener has. */
export interface Listened {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}

const later = (milliseconds = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const fail = (error: unknown): never => {
  throw error;
};
const megabytes = Buffer.alloc(2 << 20, "0123456789abcdef");

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of incoming) text += piece;
  return text;
}

/** What is asked of a message, and whether that throws. */
function attempt(outgoing: ServerResponse, call: () => unknown): void {
  let told = "fine";
  try {
    call();
  } catch (error) {
    told = `${(error as Error).name} ${(error as { code?: string }).code}`;
  }
  outgoing.end(told);
}

const heads: Kind<Listened>[] = kindsOf<Listened>({
  "end alone": ({ outgoing }) => void outgoing.end(),
  "a text": ({ outgoing }) => void outgoing.end("text"),
  "a text in latin1": ({ outgoing }) => void outgoing.end("caf\xe9", "latin1"),
  "a text in hex": ({ outgoing }) => void outgoing.end("6869", "hex"),
  "bytes at once": ({ outgoing }) => void outgoing.end(encode("bytes")),
  "2 MB at once": ({ outgoing }) => void outgoing.end(megabytes),
  "end with a callback": ({ outgoing }) => void outgoing.end("called", () => {}),
  "end with a callback alone": ({ outgoing }) => void outgoing.end(() => {}),
  "end twice": ({ outgoing }) => void outgoing.end("once").end("twice"),
  "end late": async ({ outgoing }) => {
    await later();
    outgoing.end("late");
  },
  "a status": ({ outgoing }) => void Object.assign(outgoing, { statusCode: 404 }).end("gone"),
  "a status and its message": ({ outgoing }) =>
    void Object.assign(outgoing, { statusCode: 299, statusMessage: "Mine" }).end("mine"),
  ...Object.fromEntries(["404", 999, 600, 101, 102, 199, 204, 205, 304].map((status) => [
    `statusCode ${status}${typeof status === "string" ? " as a text" : ""}`,
    ({ outgoing }: Listened) => void Object.assign(outgoing, { statusCode: status }).end("body"),
  ])),
  ...Object.fromEntries([11000, -1, 99, 1224, NaN, null, "none"].map((status) => [
    `statusCode ${status} that is none`,
    ({ outgoing }: Listened) => attempt(outgoing, () => Object.assign(outgoing, { statusCode: status }).flushHeaders()),
  ])),
  "writeHead": ({ outgoing }) => void outgoing.writeHead(201).end("made"),
  "writeHead with a message": ({ outgoing }) => void outgoing.writeHead(200, "Quite Fine").end("fine"),
  "writeHead with headers": ({ outgoing }) =>
    void outgoing.writeHead(200, { "X-A": "1", "Set-Cookie": ["a=1", "b=2"] }).end("headers"),
  "writeHead with a list": ({ outgoing }) => void outgoing.writeHead(200, ["X-A", "1", "X-A", "2"]).end("list"),
  "writeHead with all": ({ outgoing }) => void outgoing.writeHead(200, "All", { "x-a": "1" }).end("all"),
  "writeHead over setHeader": ({ outgoing }) => {
    outgoing.setHeader("X-A", "set").setHeader("X-B", ["1", "2"]);
    outgoing.writeHead(200, { "x-a": "written" }).end("both");
  },
  "writeHead twice": ({ outgoing }) => {
    outgoing.writeHead(201);
    attempt(outgoing, () => outgoing.writeHead(202));
  },
  "writeHead that throws": ({ outgoing }) => attempt(outgoing, () => outgoing.writeHead(11000)),
  "writeHead that throws, and another": ({ outgoing }) => {
    try {
      outgoing.writeHead(99);
    } catch {
      outgoing.writeHead(503).end("sorry");
    }
  },
  "writeHead with a bad header": ({ outgoing }) =>
    attempt(outgoing, () => outgoing.writeHead(200, { "bad name": "x" })),
  "writeHead of 204 with a body": ({ outgoing }) => void outgoing.writeHead(204).end("none"),
  "writeHead of 304": ({ outgoing }) => void outgoing.writeHead(304, { etag: '"x"' }).end(),
  "setHeader behind the head": ({ outgoing }) => {
    outgoing.flushHeaders();
    attempt(outgoing, () => outgoing.setHeader("x-late", "1"));
  },
  "flushHeaders, then a body": async ({ outgoing }) => {
    outgoing.flushHeaders();
    await later();
    outgoing.end("flushed");
  },
  "headers taken off again": ({ outgoing }) => {
    outgoing.setHeader("x-a", "1");
    outgoing.removeHeader("x-a");
    outgoing.removeHeader("date");
    outgoing.end(String(outgoing.hasHeader("x-a")));
  },
  "headers that are told": ({ outgoing }) => {
    outgoing.setHeader("X-A", "1");
    outgoing.end(JSON.stringify([outgoing.getHeaderNames(), outgoing.getHeader("x-a"), outgoing.headersSent]));
  },
  "no date": ({ outgoing }) => void Object.assign(outgoing, { sendDate: false }).end("dateless"),
  "connection close of its own": ({ outgoing }) => void outgoing.setHeader("connection", "close").end("closing"),
  "content length": ({ outgoing }) => void outgoing.setHeader("content-length", 5).end("right"),
  "content length without a body": ({ outgoing }) => void outgoing.setHeader("content-length", 0).end(),
  "transfer encoding of its own": ({ outgoing }) => void outgoing.setHeader("transfer-encoding", "chunked").end("own"),
  "a hint before": ({ outgoing }) => {
    outgoing.writeEarlyHints?.({ link: "</a.css>; rel=preload" });
    outgoing.end("hinted");
  },
  "writeContinue and writeProcessing": ({ outgoing }) => {
    outgoing.writeContinue();
    outgoing.writeProcessing?.();
    outgoing.end("informed");
  },
});

const bodies: Kind<Listened>[] = kindsOf<Listened>({
  "write in pieces": ({ outgoing }) => {
    outgoing.write("one ");
    outgoing.write(encode("two "));
    outgoing.end("three");
  },
  "write in pieces, slowly": async ({ outgoing }) => {
    outgoing.write("one ");
    await later();
    outgoing.write("two ", "utf8", () => {});
    await later();
    outgoing.end();
  },
  "write with a length": ({ outgoing }) => {
    outgoing.setHeader("content-length", "7");
    outgoing.write("one ");
    outgoing.end("two");
  },
  "write with a backlog": async ({ outgoing }) => {
    for (let i = 0; i < 8; i++) {
      if (!outgoing.write(megabytes.subarray(0, 200_000))) {
        await new Promise<void>((resolve) => outgoing.once("drain", resolve));
      }
    }
    outgoing.end();
  },
  "write of nothing": ({ outgoing }) => attempt(outgoing, () => outgoing.write("")),
  "write of what is none": ({ outgoing }) => attempt(outgoing, () => outgoing.write(7 as never)),
  "write of null": ({ outgoing }) => attempt(outgoing, () => outgoing.write(null as never)),
  "cork": ({ outgoing }) => {
    outgoing.cork();
    outgoing.write("a");
    outgoing.write("b");
    outgoing.uncork();
    outgoing.end("c");
  },
  "pipe": ({ outgoing }) => void Readable.from(["a ", "b ", "c"]).pipe(outgoing),
  "pipeline": ({ outgoing }) => void pipeline(Readable.from([encode("a "), encode("b")]), outgoing, () => {}),
  "pipeline of 2 MB": ({ outgoing }) => void pipeline(new PassThrough().end(megabytes), outgoing, () => {}),
  "pipeline that breaks": ({ outgoing }) =>
    void pipeline(
      (async function* () {
        yield "first";
        await later();
        throw new Error("boom");
      })(),
      outgoing,
      () => {},
    ),
  "destroyed before the head": ({ outgoing }) => void outgoing.destroy(),
  "destroyed with an error": ({ outgoing }) => void outgoing.destroy(new Error("boom")),
  "destroyed midway": async ({ outgoing }) => {
    outgoing.write("half");
    await later();
    outgoing.destroy();
  },
  "the connection destroyed": ({ outgoing }) => void outgoing.socket?.destroy(),
  "the request destroyed": ({ incoming }) => void incoming.destroy(),
  "writeHead of the app's own": ({ outgoing }) => {
    const { writeHead } = outgoing;
    outgoing.writeHead = function (this: ServerResponse, ...args: never[]) {
      this.setHeader("x-own", "1");
      return (writeHead as (...args: never[]) => never).apply(this, args);
    } as never;
    outgoing.end("with a header more");
  },
  "write and end of the app's own": ({ outgoing }) => {
    const { write, end } = outgoing;
    outgoing.write = ((piece: string) => write.call(outgoing, piece.toUpperCase(), "utf8")) as never;
    outgoing.end = ((piece: string) => end.call(outgoing, piece.toUpperCase(), "utf8")) as never;
    outgoing.write("loud ");
    outgoing.end("voice");
  },
  "listeners to all events": ({ outgoing }) => {
    for (const event of ["finish", "close", "prefinish", "error", "pipe"]) outgoing.on(event, () => {});
    outgoing.end("heard");
  },
  "ends as its events say": ({ outgoing }) => {
    outgoing.write("one ");
    outgoing.once("newListener", () => {});
    setTimeout(() => outgoing.end(`${outgoing.writableEnded} ${outgoing.writableFinished}`), 3);
  },
  "throws behind the head": ({ outgoing }) => {
    outgoing.writeHead(200);
    outgoing.write("half");
    setTimeout(() => outgoing.destroy(), 5);
    return fail(new Error("boom"));
  },
  "throws behind its answer": ({ outgoing }) => {
    outgoing.end("answered");
    return fail("no Error");
  },
  "rejects behind its answer": async ({ outgoing }) => {
    outgoing.end("answered");
    await later();
    throw undefined;
  },
  "answers what nobody reads": ({ outgoing }) => {
    outgoing.end("answered");
    return new Proxy({}, { get: () => fail(new Error("do not look")) });
  },
});

const post = (body: string, headers = ""): string => ask("POST", `Content-Length: ${body.length}\r\n${headers}`, body);

function kind(name: string, messages: Kind["messages"] & object, answer: Kind<Listened>["answer"]): Kind<Listened> {
  return { name, messages, answer };
}

const requests: Kind<Listened>[] = [
  kind("trailers", [ask("GET"), askOn("GET") + ask("GET")], ({ outgoing }) => {
    outgoing.writeHead(200, { trailer: "x-sum" });
    outgoing.write("with ");
    outgoing.addTrailers({ "x-sum": "5" });
    outgoing.end("trailers");
  }),
  kind("tells the request's body", [post("hello"), post(""), post("x".repeat(200_000))], async (given) => {
    given.outgoing.end(`got ${(await textOf(given.incoming)).length}`);
  }),
  kind("pipes the request back", [
    post("hello"),
    post("y".repeat(200_000)),
    ask("POST", "Transfer-Encoding: chunked\r\n", "3\r\nin \r\n6\r\npieces\r\n0\r\nX-Sum: 9\r\n\r\n"),
  ], ({ incoming, outgoing }) => void incoming.pipe(outgoing)),
  kind("leaves the request's body", [post("unread"), post("z".repeat(300_000))], ({ outgoing }) => {
    outgoing.end("not read");
  }),
  kind(
    "reads a body behind the answer of a listener",
    [[askOn("POST", "Content-Length: 5\r\n", "first"), ask("GET")]],
    (
      { incoming, outgoing },
    ) => {
      outgoing.end("answered");
      incoming.resume();
    },
  ),
  kind("a body that waits for 100", [[ask("POST", "Expect: 100-continue\r\nContent-Length: 5\r\n"), "later"]], async (
    { incoming, outgoing },
  ) => {
    outgoing.end(await textOf(incoming));
  }),
  kind(
    "expects what nobody knows",
    [ask("GET", "Expect: the unexpected\r\n")],
    ({ outgoing }) => void outgoing.end("x"),
  ),
  kind("a body that never comes whole", [[ask("POST", "Content-Length: 10\r\n", "half"), ""]], ({ outgoing }) => {
    outgoing.end("did not wait");
  }),
  kind("all on one connection", [
    askOn("GET") + askOn("HEAD") + ask("GET"),
    [askOn("GET"), askOn("GET"), ask("GET")],
  ], ({ outgoing }) => void outgoing.end("again")),
  kind("slower ones first, on one connection", [askOn("GET") + askOn("GET") + ask("GET")], async (
    { outgoing, memory },
  ) => {
    const number = Number(memory.get("number") ?? 0) + 1;
    memory.set("number", number);
    await later(20 - 5 * number);
    outgoing.end(`number ${number}`);
  }),
  kind("a failure behind a pipelined answer", [askOn("GET") + ask("GET")], ({ outgoing, memory }) => {
    const isSecond = memory.has("asked");
    memory.set("asked", true);
    if (isSecond) outgoing.destroy();
    else setTimeout(() => outgoing.end("first"), 10);
  }),
  kind("an old request", ["GET PATH HTTP/1.0\r\n\r\n", "GET PATH HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"], (
    { outgoing },
  ) => {
    outgoing.write("old ");
    outgoing.end("request");
  }),
  kind("an address as its target", [ask("GET", "", "", "http://elsewherePATH?a=b")], ({ incoming, outgoing }) => {
    outgoing.end(incoming.url);
  }),
  kind("tells its messages", [ask("GET", "X-A: 1\r\nx-a: 2\r\n", "", "PATH?a=b")], ({ incoming, outgoing }) => {
    const { method, url, httpVersion, rawHeaders, complete } = incoming;
    const keys = ["statusCode", "headersSent", "writableEnded", "writable", "shouldKeepAlive", "sendDate"] as const;
    outgoing.end(JSON.stringify([method, url, httpVersion, rawHeaders, complete, keys.map((key) => outgoing[key])]));
  }),
  kind("a WebSocket that no listener takes", [
    ask("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
  ], ({ outgoing }) => void outgoing.end("no")),
  kind("methods", ["OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND", "PURGE"].map((method) => ask(method)), (
    { outgoing },
  ) => void outgoing.end("any")),
];

export const messageKinds: readonly Kind<Listened>[] = [...heads, ...bodies, ...requests];
