// The recipes of docs/frameworks.md, each with its framework from npm at the version that tests/frameworks/fetch pins: as
// they stand there they compile, and on real sockets they tell every route.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Server } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assertEquals } from "@std/assert";
import { type Any, frameworksOf, listening } from "../support/framework_apps.ts";
import { drive, type FrameworkApp } from "../support/framework_harness.ts";
import { type Recipe, removeRecipes, writeRecipe } from "../support/recipes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = "tests/frameworks/fetch";
const { load, ...fetchers } = frameworksOf(folder);
const others = ["react_router", "nitro", "sveltekit"].map((name) => `tests/frameworks/${name}`);
const skip = others.map((folder) => frameworksOf(folder).skip).find(Boolean) ?? fetchers.skip;

process.env["PORT"] = "0";

const shared = `import { body, pieces, endless } from ${JSON.stringify(`${root}tests/support/web_bodies.ts`)};\n`;

interface Trial extends Recipe {
  /** Where its packages are. */
  at?: string;
  /** What stands in the place of what only a build brings, so that it compiles. */
  declared?: string;
  asks?: FrameworkApp["asks"];
  prefix?: string;
}

const trials: Record<string, Trial> = {
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
    yours: `
      const schema = createSchema({
        typeDefs: "type Query { user(id: ID!): ID, boom: ID, slow: ID } type Mutation { make: ID }",
        resolvers: {
          Query: {
            user: (_: unknown, { id }: { id: string }) => id,
            boom: () => { throw new Error("boom"); },
            slow: () => new Promise(() => {}),
          },
          Mutation: { make: () => "made" },
        },
      });`,
    asks: {
      user: (id) => ({
        path: `/graphql?query=${encodeURIComponent(`query named_${id.replace("-", "_")} { user(id: "${id}") }`)}`,
        status: 200,
        answer: JSON.stringify({ data: { user: id } }),
        route: "query user",
      }),
      head: false,
      make: {
        path: "/graphql",
        method: "POST",
        body: JSON.stringify({ query: "mutation { alias: make }" }),
        status: 200,
        answer: JSON.stringify({ data: { alias: "made" } }),
        route: "mutation make",
      },
      boom: { path: "/graphql?query={boom}", status: 200, route: "query boom" },
      stream: { path: "/graphql?query={unknown(id:%22id-5%22)}", status: 200, route: "none" },
      slow: { path: "/graphql?query={slow}", status: 200, route: "query slow" },
    },
  },
  trpc: {
    heading: "tRPC",
    yours: `
      const router = t.router({
        users: t.router({ one: t.procedure.input(String).query(({ input }) => input) }),
        make: t.procedure.mutation(() => "made"),
        boom: t.procedure.query(() => { throw new Error("boom"); }),
        slow: t.procedure.query(() => new Promise<string>(() => {})),
      });`,
    asks: {
      user: (id) => ({
        path: `/trpc/users.one?input=%22${id}%22`,
        status: 200,
        answer: JSON.stringify({ result: { data: id } }),
        route: "users.one",
      }),
      head: false,
      make: { path: "/trpc/make", method: "POST", body: "{}", status: 200, route: "make" },
      boom: { path: "/trpc/boom", status: 500, route: "boom" },
      stream: { path: "/trpc/users.one,boom?batch=1&input={%220%22:%22a%22}", status: 207, route: "batch" },
      slow: { path: "/trpc/slow", status: 200, route: "slow" },
    },
  },
  react_router: {
    heading: "React Router",
    at: "tests/frameworks/react_router",
    declared: "declare const build: ServerBuild;",
    yours: `${shared}
      const build = {
        entry: { module: { default: (_: Request, status: number) => new Response("page", { status }), handleError() {} } },
        routes: {
          root: { id: "root", path: "", module: { middleware: [noteRoute], default: () => null } },
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
        future: {},
        ssr: true,
        isSpaMode: false,
        prerender: [],
        routeDiscovery: { mode: "initial", manifestPath: "/__manifest" },
      } as any as ServerBuild;`,
    prefix: "/tenants/id-acme",
  },
};

describe("the recipes of docs/frameworks.md", { skip }, () => {
  after(() => [folder, ...others].forEach(removeRecipes));

  it("compile as they stand there", () => {
    const files = [
      writeRecipe(folder, "elysia", { heading: "Elysia" }),
      // Those that tests/e2e/built_frameworks_test.ts runs.
      writeRecipe("tests/frameworks/nitro", "plugins/metrics", { heading: "Nitro" }),
      writeRecipe("tests/frameworks/nitro", "routes/metrics", { heading: "Nitro", block: 1 }),
      writeRecipe("tests/frameworks/sveltekit", "hooks", { heading: "SvelteKit" }),
      ...Object.entries(trials).map(([name, { at = folder, yours: _, declared, ...recipe }]) =>
        writeRecipe(at, `${name}_as_is`, { ...recipe, ...(declared !== undefined && { yours: declared }) })
      ),
    ];
    const config = join(root, folder, ".recipes/tsconfig.json");
    writeFileSync(
      config,
      JSON.stringify({
        extends: "../../../../tsconfig.json",
        compilerOptions: {
          isolatedDeclarations: false,
          declaration: false,
          skipLibCheck: true,
          types: ["node"],
          typeRoots: [`${root}node_modules/@types`],
        },
        files,
        include: [],
        exclude: [],
      }),
    );
    const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", config], {
      encoding: "utf8",
      timeout: 200_000,
    });
    assertEquals([status, stdout], [0, ""]);
  });

  for (const [name, { asks, prefix, at = folder, ...recipe }] of Object.entries(trials)) {
    it(`measure ${name} under its routes' templates`, async () => {
      const made = await import(pathToFileURL(writeRecipe(at, name, recipe)).href) as Any;
      const how = {
        template: (path: string) => path.replace("id-acme", ":tenant"),
        ...(asks && { asks }),
        ...(prefix !== undefined && { prefix }),
      };
      if (made.server instanceof Server) {
        await using app = await listening(made.server);
        return await drive({ ...app, ...how });
      }
      const server = made.server ?? load("srvx").serve({ fetch: made.fetch, port: 0, silent: true });
      try {
        await server.ready();
        await drive({ url: server.url.replace(/\/$/, ""), ...how });
      } finally {
        await server.close(true);
      }
    });
  }
});
