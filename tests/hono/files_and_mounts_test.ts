import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { build } from "esbuild";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { serveStatic as serveAnywhere } from "hono/serve-static";
import { serveStatic as serveOnNode } from "@hono/node-server/serve-static";
import { runtimeName } from "../support/loop.ts";
import { measureApp } from "../support/measured_app.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Hono's own for this runtime, where there is one beside the adapter of Node. */
const own: Record<string, MiddlewareHandler> = runtimeName === "node"
  ? {}
  : { [`of hono/${runtimeName}`]: (await import(`hono/${runtimeName}`)).serveStatic({ root: "./tests" }) };

describe("files", () => {
  const servers: Record<string, MiddlewareHandler> = {
    ...own,
    "of @hono/node-server": serveOnNode({ root: "./tests" }),
    "of hono/serve-static": serveAnywhere({
      getContent: (path) => Promise.resolve(path.endsWith("/package.json") ? "{}" : null),
    }),
  };
  for (const [name, serve] of Object.entries(servers)) {
    it(`${name} are the route static, and what is missing is none`, async () => {
      using under = measureApp();
      under.app.use("/frameworks/*", serve);
      under.app.get("/users/:id", (c) => c.text("x"));
      assertEquals((await under.ask("/frameworks/package.json"))[0], 200);
      assertEquals((await under.ask("/frameworks/package.json", { method: "HEAD" }))[0], 200);
      for (const path of ["/frameworks/missing", "/missing"]) assertEquals((await under.ask(path))[0], 404);
      assertEquals((await under.ask("/users/7"))[0], 200);
      assertEquals(await under.requests(), {
        "GET static 200 completed": 1,
        "HEAD static 200 completed": 1,
        "GET none 404 completed": 2,
        "GET /users/:id 200 completed": 1,
      });
    });

    it(`${name} stay static before a route for everything, as that of a single-page app`, async () => {
      using under = measureApp();
      under.app.use(serve);
      under.app.get("*", (c) => c.text("app"));
      await under.ask("/frameworks/package.json");
      await under.ask("/deep/link");
      assertEquals(await under.requests(), { "GET static 200 completed": 1, "GET /* 200 completed": 1 });
    });
  }

  it("are not what another middleware answers", async () => {
    using under = measureApp();
    under.app.use("/adm/*", async (c, next) => c.req.header("key") ? await next() : c.text("fine"));
    await under.ask("/adm/1");
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });
});

describe("a mounted app", () => {
  it("is a route, and a middleware that is called `handler` is none", async () => {
    using under = measureApp();
    const handler = async (_c: unknown, next: () => Promise<void>): Promise<void> => await next();
    under.app.use("/adm/*", handler);
    under.app.mount("/legacy", new Hono().get("/:id", (c) => c.text("x")).fetch);
    under.app.mount("/replaced", () => new Response("x"), { replaceRequest: (request) => request });
    for (const path of ["/adm/7", "/legacy/7", "/replaced/7"]) await under.ask(path);
    assertEquals(await under.requests(), {
      "GET none 404 completed": 1,
      "GET /legacy/* 200 completed": 1,
      "GET /replaced/* 200 completed": 1,
    });
  });

  it("is a route as Terser writes it, and a middleware that spreads elsewhere is none", async () => {
    using under = measureApp();
    const answer = (..._all: unknown[]): Promise<Response> => Promise.resolve(new Response("x"));
    const spread = (): unknown[] => [1, 2];
    const text =
      'async(e,n)=>{const r=await t(s?s(e.req.raw):(e=>{const t=H(e);return K(e,t.replace(/\\/?\\*$/,""),t)})(e),...o(e));if(r)return r;await n()}';
    const minified = new Function("t", "s", "H", "K", "o", `return ${text}`)(
      answer,
      undefined,
      () => "/*",
      (c: Context) => c.req.raw,
      spread,
    ) as MiddlewareHandler;
    under.app.all("/mounted/*", minified);
    under.app.use("/checked/*", async (c, next) => {
      await answer(c.req.raw);
      await answer([1, ...spread()], c.req.raw);
      await next();
    });
    for (const path of ["/mounted/7", "/checked/7"]) await under.ask(path);
    assertEquals(await under.requests(), {
      "GET /mounted/* 200 completed": 1,
      "GET none 404 completed": 1,
    });
  });

  for (const target of ["es2022", "es2016"]) {
    it(`is a route in a minified bundle for ${target}`, async () => {
      const { outputFiles } = await build({
        stdin: {
          contents: `
            import { Hono } from "hono";
            import { Registry } from "prom-client";
            import { createMonitor } from "./mod.ts";
            import { runtimeMetrics } from "./src/hono/mod.ts";
            export async function run() {
              using monitor = createMonitor({ registry: new Registry() });
              const app = new Hono();
              app.use(runtimeMetrics(monitor));
              app.use("/adm/*", async (c, next) => await next());
              app.mount("/legacy", new Hono().get("/:id", (c) => c.text("x")).fetch);
              for (const path of ["/adm/7", "/legacy/7"]) await (await app.request(path)).text();
              return await (await monitor.handler()).text();
            }`,
          resolveDir: root,
          loader: "ts",
        },
        bundle: true,
        minify: true,
        write: false,
        format: "esm",
        platform: "node",
        target,
        supported: { "async-generator": true, "for-await": true, "dynamic-import": true },
        external: ["prom-client"],
      });
      // Beside the package, so that the bundle finds prom-client.
      const file = join(root, "node_modules", `.minified-${target}.mjs`);
      try {
        writeFileSync(file, outputFiles[0]!.contents);
        const { run } = await import(pathToFileURL(file).href) as { run(): Promise<string> };
        const lines = (await run()).split("\n").filter((line) => line.startsWith("http_requests_total{"));
        assertEquals(lines.map((line) => /route="([^"]*)"/.exec(line)![1]).sort(), ["/legacy/*", "none"]);
      } finally {
        rmSync(file, { force: true });
      }
    });
  }
});
