// The apps that the recipes of docs/frameworks.md are tried with: each recipe with these routes in the place of the reader's.

import { fileURLToPath } from "node:url";
import type { FrameworkApp } from "./framework_harness.ts";
import type { Recipe } from "./recipes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Where the packages of most of them are. */
export const fetchFolder = "tests/frameworks/fetch";

const shared = `import { body, pieces, endless } from ${JSON.stringify(`${root}tests/support/web_bodies.ts`)};\n`;

/** A recipe with an app in it, and how that is asked. */
export interface RecipeApp extends Recipe {
  /** Where its packages are. */
  at?: string;
  /** What stands in the place of what only a build brings, so that it compiles. */
  declared?: string;
  asks?: FrameworkApp["asks"];
  /** What comes before each of its paths. */
  prefix?: string;
  /** As of {@linkcode FrameworkApp}. */
  unmatched?: false;
}

/** What React Router makes of an app's files. */
const reactRouterBuild = (middleware: string, routes = ""): string => `
      const build = {
        entry: { module: { default: (_: Request, status: number) => new Response("page", { status }), handleError() {} } },
        routes: {
          root: { id: "root", path: "", module: { middleware: [${middleware}], default: () => null } },
          ${routes}
          tenant: { id: "tenant", parentId: "root", path: "tenants/:tenant", module: { default: () => null } },
          ...Object.fromEntries(Object.entries({
            "users/:id": { loader: ({ params }: any) => new Response(params.id) },
            "users": { action: () => new Response("made", { status: 201 }) },
            "boom": { loader: () => { throw new Error("boom"); } },
            "stream": { loader: () => new Response(body(pieces())) },
            "slow": { loader: () => new Response(body(endless())) },
          }).map(([path, module]) => [path, { id: path, parentId: "tenant", path, module }])),
        },
        assets: { entry: { module: "", imports: [] }, routes: {}, url: "", version: "1" },
        publicPath: "/",
        assetsBuildDirectory: "",
        future: { v8_middleware: true },
        ssr: true,
        isSpaMode: false,
        prerender: [],
        routeDiscovery: { mode: "initial", manifestPath: "/__manifest" },
      } as any;`;

const reactRouterPage = `
  metrics: {
    id: "metrics",
    parentId: "root",
    path: "metrics",
    module: { loader: ({ request }: any) => monitor.handler(request) },
  },`;

/** The routes ask for the middleware before it is there; what asks no middleware nothing counts. */
const reactRouterMiddleware = (version: string): RecipeApp => ({
  heading: "React Router",
  at: "tests/frameworks/react_router",
  aliases: { "react-router": version },
  instead: [
    "type Input",
    `${shared}import { createRequestHandler } from "react-router";
      ${reactRouterBuild("(...args: Input) => measure(...args)", reactRouterPage)}
      const handle = createRequestHandler(build);
      export const fetch = (request: Request) => handle(request);
      type Input`,
  ],
  unmatched: false,
  prefix: "/tenants/id-acme",
});

/** By the name of its file. */
export const recipeApps: Readonly<Record<string, RecipeApp>> = {
  itty: {
    heading: "itty-router",
    yours: `${shared}
      router
        .get("/users/:id", ({ params }) => new Response(params["id"]))
        .post("/users", () => new Response("made", { status: 201 }))
        .get("/boom", () => { throw new Error("boom"); })
        .get("/stream", () => new Response(body(pieces())))
        .get("/slow", () => new Response(body(endless())));`,
  },
  h3v2: {
    heading: "h3",
    aliases: { h3: "h3v2" },
    yours: `${shared}
      app.get("/users/:id", (event) => event.context.params?.["id"]);
      app.post("/users", () => new Response("made", { status: 201 }));
      app.get("/boom", () => { throw new Error("boom"); });
      app.get("/stream", () => body(pieces()));
      app.get("/slow", () => body(endless()));`,
  },
  h3v1: {
    heading: "h3",
    block: 1,
    aliases: { h3: "h3v1" },
    yours: `${shared}
      router.get("/users/:id", defineEventHandler((event) => event.context.params?.["id"]));
      router.post("/users", defineEventHandler((event) => {
        event.node.res.statusCode = 201;
        return "made";
      }));
      router.get("/boom", defineEventHandler(() => { throw new Error("boom"); }));
      router.get("/stream", defineEventHandler(() => body(pieces())));
      router.get("/slow", defineEventHandler(() => body(endless())));`,
  },
  srvx: {
    heading: "srvx",
    yours: `${shared}
      const handler = (request: Request): Response => {
        const { pathname } = new URL(request.url);
        const id = /^\\/users\\/([^/]+)$/.exec(pathname)?.[1];
        if (id) return new Response(id);
        if (pathname === "/users") return new Response("made", { status: 201 });
        if (pathname === "/boom") throw new Error("boom");
        if (pathname === "/stream") return new Response(body(pieces()));
        if (pathname === "/slow") return new Response(body(endless()));
        return new Response("not found", { status: 404 });
      };`,
    // The recipe's own patterns name no more than the route of users.
    asks: {
      make: { path: "/users", method: "POST", status: 201, route: "none" },
      boom: { path: "/boom", status: 500, route: "none" },
      stream: { path: "/stream", status: 200, answer: "abc", route: "none" },
      slow: { path: "/slow", status: 200, route: "none" },
    },
  },
  yoga: {
    heading: "GraphQL Yoga",
    instead: ["createYoga({", "createYoga({ batching: true,"],
    yours: `${shared}
      const schema = createSchema({
        typeDefs: "type Query { user(id: ID!): ID, boom: ID, slow: ID } type Mutation { make: ID } type Subscription { ticks: ID }",
        resolvers: {
          Query: {
            user: (_: unknown, { id }: { id: string }) => id,
            boom: () => { throw new Error("boom"); },
            slow: () => new Promise(() => {}),
          },
          Mutation: { make: () => "made" },
          Subscription: {
            ticks: {
              async *subscribe() { for await (const piece of pieces()) yield { ticks: piece }; },
            },
          },
        },
      });`,
    asks: {
      user: (id) => ({
        path: `/graphql?query=${encodeURIComponent(`query named_${id.replace("-", "_")} { user(id: "${id}") }`)}`,
        status: 200,
        answer: JSON.stringify({ data: { user: id } }),
        route: "query user",
      }),
      // It answers HEAD as what it does not serve.
      head: { path: "/graphql?query={user(id:1)}", method: "HEAD", status: 405, route: "none" },
      make: {
        path: "/graphql",
        method: "POST",
        body: JSON.stringify({ query: "mutation { alias: make }" }),
        status: 200,
        answer: JSON.stringify({ data: { alias: "made" } }),
        route: "mutation make",
      },
      boom: { path: "/graphql?query={boom}", status: 200, route: "query boom" },
      stream: {
        path: "/graphql?query=subscription{ticks}",
        headers: { accept: "text/event-stream" },
        status: 200,
        route: "subscription ticks",
      },
      slow: { path: "/graphql?query={slow}", status: 200, route: "query slow" },
      more: [
        { path: "/graphql?query={unknown(id:%22id-5%22)}", status: 200, route: "none" },
        { path: "/graphql?query={constructor}", status: 200, route: "none" },
        { path: "/graphql?query={", status: 200, route: "none" },
        { path: "/graphql?query={id_a:boom}", status: 200, route: "query boom" },
        { path: "/graphql?query={id_a:boom%20id_b:boom}", status: 200, route: "query" },
        { path: "/graphql?query={...id_f}fragment%20id_f%20on%20Query{boom}", status: 200, route: "query" },
        { path: "/graphql?query={__typename}", status: 200, route: "query __typename" },
        { path: "/graphql?operationName=id_none&query=query%20id_one{boom}", status: 400, route: "none" },
        {
          path: "/graphql",
          method: "POST",
          body: JSON.stringify([{ query: "{ id_a: boom }" }, { query: "{ boom }" }, { query: "{ id_b }" }]),
          status: 200,
          route: "batch",
        },
      ],
    },
  },
  trpc: {
    heading: "tRPC",
    yours: `${shared}import { lazy } from "@trpc/server";
      const router = t.router({
        users: t.router({ one: t.procedure.input(String).query(({ input }) => input) }),
        make: t.procedure.mutation(() => "made"),
        boom: t.procedure.query(() => { throw new Error("boom"); }),
        slow: t.procedure.query(() => new Promise<string>(() => {})),
        ticks: t.procedure.subscription(async function* () { yield* pieces(); }),
        later: lazy(() => Promise.resolve({ default: t.router({ one: t.procedure.query(() => "one") }) })),
      });`,
    asks: {
      user: (id) => ({
        path: `/trpc/users.one?input=%22${id}%22`,
        status: 200,
        answer: JSON.stringify({ result: { data: id } }),
        route: "users.one",
      }),
      head: { path: "/trpc/users.one", method: "HEAD", status: 204, route: "none" },
      make: { path: "/trpc/make", method: "POST", body: "{}", status: 200, route: "make" },
      boom: { path: "/trpc/boom", status: 500, route: "boom" },
      stream: { path: "/trpc/ticks", headers: { accept: "text/event-stream" }, status: 200, route: "ticks" },
      slow: { path: "/trpc/slow", status: 200, route: "slow" },
      more: [
        { path: "/trpc/users.one,boom?batch=1&input={%220%22:%22a%22}", status: 207, route: "batch" },
        { path: "/trpc/boom?batch=1", status: 500, route: "boom" },
        { path: "/trpc/boom,id-5?batch=1", status: 207, route: "boom" },
        { path: "/trpc/later.one", status: 200, route: "later.one" },
        ...["id-5", "constructor", "users", "users.id-5", "__proto__", "later.id-5"].map((name) => ({
          path: `/trpc/${name}`,
          status: 404,
          route: "none",
        })),
      ],
    },
  },
  react_router: {
    heading: "React Router",
    block: 2,
    at: "tests/frameworks/react_router",
    declared: 'declare const build: () => Promise<import("react-router").ServerBuild>;',
    yours: shared + reactRouterBuild("noteRoute"),
    prefix: "/tenants/id-acme",
  },
  react_router_middleware: reactRouterMiddleware("react-router"),
  react_router7_middleware: reactRouterMiddleware("react-router7"),
};
