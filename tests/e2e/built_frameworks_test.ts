// The recipes of docs/frameworks.md for frameworks whose apps are built, at the versions that tests/frameworks pins: each
// app is built with the recipe in it, started, and driven on its real socket; and no text of strangers becomes a label.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { buildPackage } from "../../scripts/pack_npm.ts";
import { installNodes } from "../../scripts/node_matrix.ts";
import { frameworksOf, running, runtimes } from "../support/framework_apps.ts";
import { attack } from "../support/framework_attacks.ts";
import { drive, type FrameworkApp } from "../support/framework_harness.ts";
import { recipeText, removeRecipes, writeRecipe } from "../support/recipes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const shared = `import { body, endless, pieces } from ${JSON.stringify(`${root}tests/support/web_bodies.ts`)};\n`;

/** Writes an app's files, with the recipe's among them, and builds it. */
function build(folder: string, files: Record<string, string>, command: readonly string[]): string {
  const app = join(root, folder, ".recipes/app");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(app, name)), { recursive: true });
    writeFileSync(join(app, name), text);
  }
  const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
    cwd: app,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", CI: "1", NEXT_TELEMETRY_DISABLED: "1" },
    timeout: 600_000,
  });
  if (status !== 0) throw new Error(`The build in ${folder} ended with ${status}: ${stdout}${stderr}`);
  return app;
}

/** Drives what was built, and then sends it what strangers send. */
async function drivenAndAttacked(app: FrameworkApp): Promise<void> {
  const { template = (path) => path } = app;
  await drive(app);
  await attack({ ...app, routes: ["/users/:id", "/users", "/boom", "/stream", "/slow", "/page"].map(template) }, 200);
}

/** Runs what was built, on each runtime. */
const [node, deno, bun] = [[process.execPath], runtimes["Deno"]!, runtimes["Bun"]!];

describe("Nitro 2", () => {
  const folder = "tests/frameworks/nitro";
  const { modules, skip } = frameworksOf(folder);
  after(() => removeRecipes(folder));

  it("is measured under its routes' templates", { skip }, async () => {
    writeRecipe(folder, "app/server/plugins/metrics", { heading: "Nitro", block: 1 });
    writeRecipe(folder, "app/server/routes/metrics", { heading: "Nitro", block: 2 });
    const handler = (text: string): string =>
      `${shared}import { defineEventHandler, setResponseStatus } from "h3";\nexport default defineEventHandler((event) => ${text});\n`;
    const app = build(folder, {
      "nitro.config.ts": 'export default { srcDir: "server", compatibilityDate: "2026-11-01" };\n',
      "server/routes/users/[id].ts": handler("event.context.params.id"),
      "server/routes/users/index.post.ts": handler('(setResponseStatus(event, 201), "made")'),
      // What it asks of the app itself comes from no client.
      "server/routes/page.ts": handler('Promise.all([$fetch("/users/7"), event.$fetch("/users/8")])'),
      "server/routes/boom.ts": handler('{ throw new Error("boom"); }'),
      "server/routes/stream.ts": handler("body(pieces())"),
      "server/routes/slow.ts": handler("body(endless())"),
    }, [process.execPath, join(modules, "nitropack/dist/cli/index.mjs"), "build"]);
    for (const command of [node, deno, bun]) {
      await using server = await running([...command, ".output/server/index.mjs"], { cwd: app });
      await drivenAndAttacked({ ...server, asks: { more: [{ path: "/page", status: 200, route: "/page" }] } });
    }
  });
});

describe("Nitro 3", () => {
  const folder = "tests/frameworks/nitro3";
  const { modules, skip } = frameworksOf(folder);
  after(() => removeRecipes(folder));

  it("is measured under its routes' templates", { skip }, async () => {
    writeRecipe(folder, "app/plugins/metrics", { heading: "Nitro" });
    const handler = (text: string): string =>
      `${shared}import { defineHandler } from "nitro/h3";\nexport default defineHandler((event) => ${text});\n`;
    const files = {
      "nitro.config.ts": 'export default { serverDir: "./", compatibilityDate: "2026-11-01" };\n',
      "routes/users/[id].ts": handler("event.context.params.id"),
      "routes/users/index.post.ts": handler('(event.res.status = 201, "made")'),
      "routes/page.ts": handler('fetch("/users/7")'),
      "routes/boom.ts": handler('{ throw new Error("boom"); }'),
      "routes/stream.ts": handler("body(pieces())"),
      "routes/slow.ts": handler("body(endless())"),
    };
    // What one of them builds holds the packages for its own runtime alone.
    for (const [preset, command] of [["node-server", node], ["deno_server", deno], ["bun", bun]] as const) {
      const cli = join(modules, "nitro/dist/cli/index.mjs");
      const app = build(folder, files, [process.execPath, cli, "build", "--preset", preset]);
      await using server = await running([...command, ".output/server/index.mjs"], { cwd: app });
      await drivenAndAttacked({ ...server, asks: { more: [{ path: "/page", status: 200, route: "/page" }] } });
    }
  });
});

for (const version of [2, 3]) {
  describe(`SvelteKit ${version}`, () => {
    const folder = `tests/frameworks/sveltekit${version === 3 ? "" : version}`;
    const { modules, skip } = frameworksOf(folder);
    after(() => removeRecipes(folder));

    // It needs Node 22.17.
    it("is measured under its routes' ids", { skip: skip || (installNodes() ?? false) }, async () => {
      writeRecipe(folder, "app/src/hooks.server", {
        heading: "SvelteKit",
        ...(version < 3 && { aliases: { "@sveltejs/kit/hooks": "@sveltejs/kit" } }),
      });
      const node22 = join(root, "tests/nodes/node_modules/node22/bin/node");
      const app = build(folder, {
        "package.json": '{ "name": "app", "private": true, "type": "module" }',
        "vite.config.js": `import adapter from "@sveltejs/adapter-node";
        import { sveltekit } from "@sveltejs/kit/vite";
        export default { plugins: [sveltekit({ adapter: adapter() })], ssr: { external: ["prom-client"] } };`,
        "src/app.html": "<html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>",
        "src/routes/users/[id]/+server.js": "export const GET = ({ params }) => new Response(params.id);",
        // What it asks of the app itself comes from no client.
        "src/routes/page/+page.server.js":
          'export const load = async ({ fetch }) => ({ id: await (await fetch("/users/7")).text() });',
        "src/routes/page/+page.svelte": "<p>page</p>",
        "src/routes/users/+server.js": 'export const POST = () => new Response("made", { status: 201 });',
        "src/routes/boom/+server.js": 'export const GET = () => { throw new Error("boom"); };',
        "src/routes/stream/+server.js": `${shared}export const GET = () => new Response(body(pieces()));`,
        "src/routes/slow/+server.js": `${shared}export const GET = () => new Response(body(endless()));`,
      }, [node22, join(modules, "vite/bin/vite.js"), "build"]);
      for (const command of [[node22], deno, bun]) {
        await using server = await running([...command, "build/index.js"], { cwd: app });
        await drivenAndAttacked({
          ...server,
          template: (path) => path.replace(":id", "[id]"),
          // Without a type it would be a form of another site.
          asks: {
            make: { path: "/users", method: "POST", body: "{}", status: 201, answer: "made", route: "/users" },
            more: [{ path: "/page", status: 200, route: "/page" }],
          },
        });
      }
    });
  });
}

describe("Next.js", () => {
  const folder = "tests/frameworks/next";
  const { modules, skip } = frameworksOf(folder);
  after(() => removeRecipes(folder));

  it("is measured in its route handlers", { skip }, async () => {
    await buildPackage(join(root, folder, ".recipes/app/node_modules/@rtm/runtime-metrics"));
    // Its own check of types would install what it needs for that.
    const recipe = (block: number): string =>
      transformSync(recipeText({ heading: "Next.js", block }), { loader: "ts" }).code;
    const handler = (method: string, route: string, text: string): string =>
      `import { monitor } from "../../lib/monitor";
       import { connection } from "next/server";
       ${text.includes("body(") ? webBodies : ""}
       export const ${method} = monitor.instrument(async () => { await connection(); ${text} }, { route: () => "${route}" });`;
    const webBodies = transformSync(readFileSync(`${root}tests/support/web_bodies.ts`, "utf8"), { loader: "ts" }).code
      .replace(/^export /gm, "");
    const app = build(folder, {
      "package.json": '{ "name": "app", "private": true }',
      "next.config.mjs":
        `export default { cacheComponents: true, serverExternalPackages: ["prom-client"], turbopack: { root: ${
          JSON.stringify(root)
        } } };`,
      "app/layout.js": "export default ({ children }) => <html><body>{children}</body></html>;",
      "lib/monitor.js": recipe(0),
      "app/users/[id]/route.js": recipe(1),
      "app/metrics/route.js": recipe(2),
      "app/users/route.js": handler("POST", "/users", 'return new Response("made", { status: 201 });'),
      "app/boom/route.js": handler("GET", "/boom", 'throw new Error("boom");'),
      "app/stream/route.js": handler("GET", "/stream", "return new Response(body(pieces()));"),
      "app/slow/route.js": handler("GET", "/slow", "return new Response(body(endless()));"),
    }, [process.execPath, join(modules, "next/dist/bin/next"), "build"]);
    for (const command of [node, deno, bun]) {
      await using server = await running([...command, join(modules, "next/dist/bin/next"), "start"], { cwd: app });
      await drivenAndAttacked({ ...server, unmatched: false, template: (path) => path.replace(":id", "[id]") });
    }
  });
});
