// An app of Elysia, for Node (by its adapter), Deno (by its own server) and Bun, on the port that is given; it writes where it listens.

import process from "node:process";
import { Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { elysiaMetrics } from "../../src/node/mod.ts";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { body, endless, pieces } from "./web_bodies.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const { load } = pinnedPackages("tests/frameworks/fetch");
const { Elysia, t } = load("elysia") as Any;
const { Deno } = globalThis as Any;
const adapter = "bun" in process.versions || Deno ? {} : { adapter: (load("@elysiajs/node") as Any).node() };

const routes = new Elysia({ prefix: "/tenants/:tenant" })
  .get("/users/:id", ({ params }: Any) => params.id)
  .post("/users", ({ set }: Any) => {
    set.status = 201;
    return "made";
  })
  .get("/boom", () => {
    throw new Error("boom");
  })
  .get("/stream", () => new Response(body(pieces())))
  .get("/slow", () => new Response(body(endless())));

const monitor = createMonitor({ registry: new Registry() });
// The plugin is used by the app, or by a plugin of it, such as one in a file of its own.
const metrics = process.argv[2] === "within"
  ? new Elysia({ name: "metrics" }).use(elysiaMetrics(monitor))
  : elysiaMetrics(monitor);
const measuredToo = new Elysia().use(elysiaMetrics(monitor, { path: false })).get("/in/:id", () => "in");

const app = new Elysia(adapter)
  .use(metrics)
  .use(routes)
  .get("/fixed", "fixed")
  .get("/wild/*", () => "wild")
  .get("/maybe/:id?", () => "maybe")
  .get("/checked/:id", () => "checked", { params: t.Object({ id: t.Number() }) })
  .get("/odd/:id", () => {
    throw "boom";
  })
  .post("/parsed/:id", ({ body }: Any) => body, { parse: "json" })
  .get("/refused/:id", () => "never", { beforeHandle: ({ status }: Any) => status(403, "no") })
  .all("/all/:id", () => "all")
  .mount("/mounted", () => new Response("mounted"))
  .mount("/measured", measuredToo.fetch)
  .ws("/socket/:id", { message() {} });

// Its adapter for Node tells no port that the system has chosen.
const port = Number(process.env["PORT"]);
if (Deno) Deno.serve({ port, hostname: "127.0.0.1" }, app.fetch);
else app.listen({ port, hostname: "127.0.0.1" }, () => console.log(`http://127.0.0.1:${port}`));
