// The routes that the harness of frameworks asks for, as each framework has them.

import { Readable } from "node:stream";
import type { Any } from "./framework_apps.ts";
import { body, endless, pieces } from "./web_bodies.ts";

const boom = (): never => {
  throw new Error("boom");
};

/** Of an app or a router of Express. */
export function expressRoutes(router: Any): Any {
  router.get("/users/:id", (request: Any, response: Any) => response.send(request.params.id));
  router.post("/users", (_request: Any, response: Any) => response.status(201).send("made"));
  router.get("/boom", boom);
  router.get("/stream", (_request: Any, response: Any) => Readable.from(pieces()).pipe(response));
  router.get("/slow", (_request: Any, response: Any) => Readable.from(endless()).pipe(response));
  return router;
}

/** A plugin of Fastify. */
export function fastifyRoutes(app: Any, _options: unknown, done: () => void): void {
  app.get("/users/:id", (request: Any) => request.params.id);
  app.post("/users", (_request: Any, reply: Any) => reply.code(201).send("made"));
  app.get("/boom", boom);
  app.get("/stream", (_request: Any, reply: Any) => reply.send(Readable.from(pieces())));
  app.get("/slow", (_request: Any, reply: Any) => reply.send(Readable.from(endless())));
  done();
}

/** Of a router of Koa. */
export function koaRoutes(router: Any): Any {
  router.get("/users/:id", (context: Any) => context.body = context.params.id);
  router.post("/users", (context: Any) => {
    context.status = 201;
    context.body = "made";
  });
  router.get("/boom", boom);
  router.get("/stream", (context: Any) => context.body = Readable.from(pieces()));
  router.get("/slow", (context: Any) => context.body = Readable.from(endless()));
  return router;
}

/** A module of NestJS with one controller, decorated by hand: the tools here know none of the old decorators. */
export function nestModule({ Controller, Get, Post, Module, Param, StreamableFile, ...common }: Any): Any {
  class Api {
    user(id: string): string {
      return id;
    }
    make(): string {
      return "made";
    }
    boom(): never {
      return boom();
    }
    refused(): never {
      throw new common.ForbiddenException();
    }
    stream(): unknown {
      return new StreamableFile(Readable.from(bytes(pieces())));
    }
    slow(): unknown {
      return new StreamableFile(Readable.from(bytes(endless())));
    }
  }
  const routes: [decorator: Any, name: string][] = [
    [Get("users/:id"), "user"],
    [Post("users"), "make"],
    [Get("boom"), "boom"],
    [Get("refused/:id"), "refused"],
    [Get("stream"), "stream"],
    [Get("slow"), "slow"],
  ];
  for (const [decorate, name] of routes) {
    decorate(Api.prototype, name, Object.getOwnPropertyDescriptor(Api.prototype, name));
  }
  Param("id")(Api.prototype, "user", 0);
  Controller({ path: "tenants/:tenant", version: "1" })(Api);
  class App {}
  Module({ controllers: [Api] })(App);
  return App;
}

async function* bytes(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield new TextEncoder().encode(text);
}

/** Of a Hono app. */
export function honoRoutes(app: Any): Any {
  return app
    .get("/users/:id", (c: Any) => c.text(c.req.param("id")))
    .post("/users", (c: Any) => c.text("made", 201))
    .get("/boom", boom)
    .get("/stream", () => new Response(body(pieces())))
    .get("/slow", () => new Response(body(endless())));
}

/** A fetch handler, which knows its paths by itself. */
export function handleFetch(request: Request): Response {
  const { pathname } = new URL(request.url);
  const id = /^\/users\/([^/]+)$/.exec(pathname)?.[1];
  if (id) return new Response(id);
  if (pathname === "/users") return new Response("made", { status: 201 });
  if (pathname === "/boom") boom();
  if (pathname === "/stream") return new Response(body(pieces()));
  if (pathname === "/slow") return new Response(body(endless()));
  return new Response("not found", { status: 404 });
}

/** A listener of `node:http`, which knows its paths by itself. */
export function handleMessage(request: Any, response: Any): void {
  const id = /^\/users\/([^/]+)$/.exec(request.url)?.[1];
  if (id) return void response.end(id);
  if (request.url === "/users") return void response.writeHead(201).end("made");
  if (request.url === "/stream") return void Readable.from(pieces()).pipe(response);
  if (request.url === "/slow") return void Readable.from(endless()).pipe(response);
  // Nobody answers for a listener that throws, so that such a server does it itself.
  response.writeHead(request.url === "/boom" ? 500 : 404).end();
}
