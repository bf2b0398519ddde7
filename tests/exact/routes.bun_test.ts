// Bun's routes, and what Bun serves by itself beside them.

import type { Monitor } from "../../mod.ts";
import { allowedHere } from "./allowed.ts";
import type { Allowed, Door, Listening, Load } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { file, large, missing, text } from "./files.ts";
import { ask, encode, type Fetched, type Kind, kindsOf, pathOf } from "./kind.ts";
import { kindsFor } from "./kinds.ts";

/** A kind that stands among the routes as it is, and no function. */
interface RouteKind extends Kind {
  route?(): unknown;
}

interface BunLike {
  file(path: string): Blob;
  serve(options: object): { readonly port: number; stop(now: boolean): void };
}

const { Bun } = globalThis as unknown as { Bun: BunLike };
const page = (await import(file("page.html", "<!doctype html><title>page</title><p>hello</p>"))).default as object;

/** Everything that is asked of what Bun answers by itself. */
const messages = [
  ask("GET"),
  ask("HEAD"),
  ask("POST", "Content-Length: 0\r\n"),
  ask("GET", 'If-None-Match: "mine"\r\n'),
  ask("GET", "If-None-Match: *\r\n"),
  ask("GET", "Range: bytes=2-5\r\n"),
  ask("GET", "Range: bytes=2000000-\r\n"),
  ask("GET", "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT\r\n"),
];

const ready: RouteKind[] = Object.entries<() => unknown>({
  "a ready text": () => new Response("ready", { headers: { "x-a": "b" } }),
  "a ready text of 100 kB": () => new Response("ready ".repeat(20_000)),
  "ready bytes": () => new Response(encode("bytes")),
  "ready JSON": () => Response.json({ a: 1 }),
  "a ready Blob": () => new Response(new Blob(["blob"], { type: "text/x" })),
  "a ready answer with an ETag": () => new Response("tagged", { headers: { etag: '"mine"' } }),
  "a ready redirect": () => Response.redirect("http://localhost/elsewhere"),
  "ready nothing": () => new Response(null, { status: 204 }),
  "a ready 404": () => new Response("no", { status: 404 }),
  "a ready file": () => new Response(Bun.file(text)),
  "a ready file under another type": () => new Response(Bun.file(text), { headers: { "content-type": "text/x" } }),
  "a file itself": () => Bun.file(text),
  "a large file itself": () => Bun.file(large),
  "a file that is not there": () => Bun.file(missing),
  "a page of HTML": () => page,
  "nothing on purpose": () => false,
  "ready by method": () => ({ GET: new Response("got"), POST: new Response("posted", { status: 201 }) }),
}).map(([name, route]): RouteKind => ({ name, route, answer: () => undefined, messages }));

/** What handlers answer with files. */
const files: Kind[] = kindsOf({
  "answers a file": () => new Response(Bun.file(text)),
  "answers a file under another status": () => new Response(Bun.file(text), { status: 201 }),
  "answers a large file": () => new Response(Bun.file(large)),
  "answers a part of a file": () => new Response(Bun.file(text).slice(3, 9)),
  "answers a file's stream": () => new Response(Bun.file(text).stream()),
  "answers a file's bytes": async () => new Response(await Bun.file(text).arrayBuffer()),
  "answers a file that is not there": () => new Response(Bun.file(missing)),
  "answers a file's copy": () => new Response(Bun.file(text)).clone(),
}, { messages });

function routesOf(load: Load): Record<string, unknown> {
  return Object.fromEntries((load.kinds as readonly RouteKind[]).map((kind) => [
    pathOf(kind.name),
    kind.route ? kind.route() : (request: Request) => {
      load.came(kind);
      return load.answer(kind, { request });
    },
  ]));
}

function doorOf(name: string, more: object, rest: Partial<Door>): Door {
  return {
    name,
    serve(load: Load, monitor: Monitor | undefined): Promise<Listening> {
      const fallback = (): Response => new Response("no route", { status: 404 });
      const server = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        development: false,
        idleTimeout: 0,
        // Without one a test is told of what handlers throw.
        error: () => new Response("Internal Server Error", { status: 500 }),
        routes: monitor?.instrument(routesOf(load)) ?? routesOf(load),
        fetch: monitor?.instrument(fallback) ?? fallback,
        ...more,
      });
      return Promise.resolve({ port: server.port, stop: () => server.stop(true) });
    },
    ...rest,
  };
}

/** Bun tells nobody what becomes of a file, and what it makes of an answer of its own. */
const unseen: Allowed = [
  [
    /^answers a (large file|part of a file|file($| under| that|'s (copy|stream)))/,
    "a range, or a file that is missing, is answered behind the handler",
  ],
];

const kinds = kindsFor("routes");
compareAnswers(doorOf("Bun's routes", {}, { allowed: [...allowedHere, ...unseen] }), {
  kinds: [...kinds, ...files, ...ready],
  under: ["by default", "sizes", "everything"],
});
compareAnswers<Fetched>(
  doorOf("Bun's routes with an error() of the app's", {
    error: (error: Error) => new Response(`mine: ${error?.message}`, { status: 502, headers: { "x-error": "1" } }),
  }, {
    allowed: allowedHere.map(([names, reason]) => [names, reason, "sometimes"]),
    uncounted: "what error() answers is not seen",
  }),
  {
    kinds: kinds.filter(({ name }) => /throw|reject|^answers |error/i.test(name)),
    under: ["by default", "everything"],
  },
);
