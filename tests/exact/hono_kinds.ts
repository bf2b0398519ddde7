// What only an app of Hono's answers, and what its own middlewares make of answers.

import type { Context, MiddlewareHandler } from "hono";
import { basicAuth } from "hono/basic-auth";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { deleteCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { csrf } from "hono/csrf";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { poweredBy } from "hono/powered-by";
import { prettyJSON } from "hono/pretty-json";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";
import { timeout } from "hono/timeout";
import { timing } from "hono/timing";
import { ask, askOn, encode, type Fetched, type Kind, kindsOf } from "./kind.ts";
import { pulled } from "./stream_kinds.ts";

/** What a handler of Hono's has. */
export interface Routed extends Fetched {
  c: Context;
}

/** A kind with the middlewares that stand before its handler. */
export interface RoutedKind extends Kind<Routed> {
  before?: readonly MiddlewareHandler[];
}

const later = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const compressible = "compressible ".repeat(500);
const gzip = [ask("GET", "Accept-Encoding: gzip\r\n"), ask("HEAD", "Accept-Encoding: gzip\r\n"), ask("GET")];
const streamed = (c: Context): Response => c.body(pulled(encode("one "), encode("two")) as never);

/** Each of these answers behind each of those middlewares. */
const answers: Readonly<Record<string, (given: Routed) => unknown>> = {
  text: ({ c }) => c.text(compressible),
  JSON: ({ c }) => c.json({ a: 1, long: compressible }),
  stream: ({ c }) => streamed(c),
  "a stream that breaks": ({ c }) =>
    c.body(
      new ReadableStream({
        async pull(controller) {
          await later(2);
          controller.error(new Error("boom"));
        },
      }),
    ),
  nothing: ({ c }) => c.body(null, 204),
  "304": ({ c }) => c.body(null, 304),
  "a Response": () => new Response(compressible, { headers: { "content-type": "text/plain", "x-a": "b" } }),
  "an Error": () => {
    throw new Error("boom");
  },
  "an exception of Hono's": () => {
    throw new HTTPException(418, { message: "a teapot" });
  },
  "not found": ({ c }) => c.notFound(),
  "nothing at all": () => undefined,
};

const middlewares: Readonly<Record<string, () => MiddlewareHandler>> = {
  "etag()": () => etag(),
  "compress()": () => compress(),
  "cors()": () => cors({ origin: "http://localhost", credentials: true }),
  "secureHeaders()": () => secureHeaders(),
  "timing()": () => timing({ total: false }),
  "poweredBy()": () => poweredBy(),
  "prettyJSON()": () => prettyJSON({ force: true }),
  "timeout()": () => timeout(100_000),
  "one that sets a header afterwards": () => async (c, next) => {
    await next();
    c.header("x-after", "1");
    c.res.headers.append("x-more", "2");
  },
  "one that looks at the body": () => async (c, next) => {
    await next();
    void c.res.body;
  },
  "one that reads a copy": () => async (c, next) => {
    await next();
    await c.res.clone().text().catch(() => {});
  },
  "one that answers anew": () => async (c, next) => {
    await next();
    c.res = new Response(c.res.body, c.res);
  },
  "one that answers something else": () => async (c, next) => {
    await next();
    c.res = new Response("something else", { status: 203 });
  },
  "one that answers itself": () => (c) => Promise.resolve(c.text("answered before", 202)),
  "one that throws afterwards": () => async (_, next) => {
    await next();
    throw new Error("after");
  },
  "one that catches": () => async (c, next) => {
    await next();
    if (c.error) c.res = new Response(`caught ${c.error.message}`, { status: 503 });
  },
  "one that asks twice": () => async (_, next) => {
    await next();
    await next();
  },
  "one that forgets to wait": () => (_, next) => {
    void next();
    return Promise.resolve();
  },
};

const behind: RoutedKind[] = Object.entries(middlewares).flatMap(([how, make]) =>
  Object.entries(answers).map(([what, answer]): RoutedKind => ({
    name: `${what} behind ${how}`,
    answer,
    before: [make()],
    messages: how === "compress()" ? gzip : [ask("GET"), ask("HEAD")],
  }))
);

/** What takes longer than its limit. */
const late: RoutedKind[] = ([
  ["a text", ({ c }) => later(60).then(() => c.text("late"))],
  ["a stream", ({ c }) => later(60).then(() => streamed(c))],
  ["an Error", () => later(60).then(() => Promise.reject(new Error("late")))],
] as [string, RoutedKind["answer"]][]).map(([what, answer]) => ({
  name: `${what} that comes too late`,
  answer,
  before: [timeout(20)],
  messages: [ask("GET"), [askOn("GET"), ask("GET")]],
}));

export const honoKinds: readonly RoutedKind[] = [
  ...behind,
  ...late,
  ...kindsOf<Routed>({
    "c.text": ({ c }) => c.text("text"),
    "c.text with a status and headers": ({ c }) => c.text("text", 201, { "X-A": "1", "x-list": ["a", "b"] }),
    "c.json": ({ c }) => c.json({ a: "ü" }),
    "c.html": ({ c }) => c.html("<p>ü"),
    "c.html later": ({ c }) => c.html(Promise.resolve("<p>later")),
    "c.body of bytes": ({ c }) => c.body(encode("bytes")),
    "c.body of nothing": ({ c }) => c.body(null),
    "c.body of a stream": ({ c }) => streamed(c),
    "c.newResponse": ({ c }) => c.newResponse("new", 206, { "content-range": "bytes 0-2/3" }),
    "c.redirect": ({ c }) => c.redirect("/elsewhere"),
    "c.redirect for good": ({ c }) => c.redirect("http://localhost/ü", 308),
    "c.header before": ({ c }) => {
      c.header("X-Before", "1");
      c.header("x-before", "2", { append: true });
      c.status(203);
      return c.body("with headers");
    },
    "c.header before a Response": ({ c }) => {
      c.header("x-before", "1");
      return new Response("ready", { headers: { "x-own": "1" } });
    },
    "cookies by Hono": ({ c }) => {
      setCookie(c, "a", "1", { httpOnly: true });
      setCookie(c, "b", "2 and more");
      deleteCookie(c, "old");
      return c.text("cookies");
    },
    "c.res that is set": ({ c }) => {
      c.res = new Response("set", { status: 202 });
    },
    "c.res that is looked at first": ({ c }) => {
      c.res.headers.set("x-first", "1");
      return c.text("looked at");
    },
    "c.res that is set twice": ({ c }) => {
      c.res = new Response("one", { headers: { "x-one": "1", "content-type": "text/one" } });
      c.res = new Response("two", { headers: { "x-two": "2" } });
      return c.res;
    },
    "streamText()": ({ c }) =>
      streamText(c, async (text) => {
        await text.writeln("one");
        await text.sleep(3);
        await text.write("two");
      }),
    "stream()": ({ c }) =>
      stream(c, async (bytes) => {
        await bytes.write(encode("one"));
        await bytes.pipe(pulled(encode("two")));
      }),
    "stream() that throws": ({ c }) =>
      stream(c, async (bytes) => {
        await bytes.write("one");
        throw new Error("boom");
      }, async (_, bytes) => void await bytes.write("caught")),
    "streamSSE()": ({ c }) =>
      streamSSE(c, async (events) => {
        await events.writeSSE({ data: "one", event: "e", id: "1" });
        await events.writeSSE({ data: "two\nlines" });
      }),
    "an exception with a Response": () => {
      throw new HTTPException(401, {
        res: new Response("who?", { status: 401, headers: { "www-authenticate": "Basic" } }),
      });
    },
    "an exception with a stream": () => {
      throw new HTTPException(500, { res: new Response(pulled(encode("why"))) });
    },
    "an Error that can answer": () => {
      throw Object.assign(new Error("mine"), { getResponse: () => new Response("mine", { status: 409 }) });
    },
    "throws what is no Error, in Hono": () => {
      throw "boom";
    },
    "c.notFound": ({ c }) => c.notFound(),
    "the status alone": ({ c }) => {
      c.status(404);
      return c.body(null);
    },
    "c.executionCtx": ({ c }) => {
      try {
        return c.text(typeof c.executionCtx);
      } catch (error) {
        return c.text((error as Error).message);
      }
    },
    "what is set for others": ({ c }) => {
      c.set("mine" as never, 1 as never);
      return c.json({ ...c.var, path: c.req.path, route: c.req.param() });
    },
  }),
  {
    name: "what asks for a name",
    answer: ({ c }) => c.text("named"),
    before: [basicAuth({ username: "a", password: "b" })],
    messages: [ask("GET"), ask("GET", "Authorization: Basic YTpi\r\n"), ask("GET", "Authorization: Basic !\r\n")],
  },
  {
    name: "what takes little",
    answer: async ({ c }) => c.text(await c.req.text()),
    before: [bodyLimit({ maxSize: 4 })],
    messages: [
      ask("POST", "Content-Length: 4\r\n", "four"),
      ask("POST", "Content-Length: 5\r\n", "fives"),
      ask("POST", "Transfer-Encoding: chunked\r\n", "5\r\nfives\r\n0\r\n\r\n"),
    ],
  },
  {
    name: "what comes from elsewhere",
    answer: ({ c }) => c.text("here"),
    before: [cors(), csrf()],
    messages: [
      ask("OPTIONS", "Origin: http://a.b\r\nAccess-Control-Request-Method: PUT\r\n"),
      ask("GET", "Origin: http://a.b\r\n"),
      ask(
        "POST",
        "Origin: http://a.b\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n",
        "a=b",
      ),
    ],
  },
  {
    name: "what was seen before",
    answer: ({ c }) => c.text("seen"),
    before: [etag()],
    messages: [
      ask("GET", 'If-None-Match: "x"\r\n'),
      ask("GET", 'If-None-Match: "8f35aaa5b3d3d0a0b7b8d1de7b1e0ee8f0e9a6d2", *\r\n'),
      ask("GET", "If-None-Match: *\r\n"),
    ],
  },
  {
    name: "what no route has",
    answer: ({ c }) => c.text("never"),
    messages: [
      ask("GET", "", "", "/no/such/path"),
      ask("HEAD", "", "", "/no/such/path"),
      ask("POST", "Content-Length: 0\r\n", "", "/%zz?%"),
      ask("OPTIONS", "", "", "/"),
    ],
  },
];
