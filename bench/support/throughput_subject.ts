/**
 * One server of `bench/throughput.ts`: `throughput_subject.ts <variant>`. Prints its port once it listens, and for each line
 * that it reads the CPU time that its process has used, in seconds.
 *
 * @module
 */

import { serve } from "@hono/node-server";
import { prometheus } from "@hono/prometheus";
import { Hono, type MiddlewareHandler } from "hono";
import process from "node:process";
import { Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";

type Fetch = (request: Request, ...rest: unknown[]) => Response | Promise<Response>;

function app(...middleware: MiddlewareHandler[]): Fetch {
  const app = new Hono();
  for (const each of middleware) app.use(each);
  app.get("/users/:id", (c) => c.json({ id: c.req.param("id"), name: "Ada" }));
  return app.fetch as Fetch;
}

/** So that no compiler takes the clocks for useless. */
export let spent = 0;

const empty = (): Fetch => app(async (_, next) => await next());

const variants: Record<string, () => Fetch> = {
  bare: () => app(),
  empty,
  twin: empty,
  clocks: () =>
    app(async (_, next) => {
      const begin = performance.now();
      await next();
      spent += performance.now() - begin;
    }),
  runtimeMetrics: () => app(runtimeMetrics(createMonitor({ registry: new Registry() }))),
  honoPrometheus: () => app(prometheus({ registry: new Registry() as never }).registerMetrics as MiddlewareHandler),
  rawBare: () => raw,
  rawInstrument: () => createMonitor({ registry: new Registry() }).instrument(raw),
};

function raw(): Response {
  return Response.json({ id: "7", name: "Ada" });
}

const { Bun, Deno } = globalThis as unknown as {
  Bun?: { serve(options: object): { port: number } };
  Deno?: { serve(options: object, fetch: Fetch): { addr: { port: number } } };
};

const fetch = variants[process.argv[2] ?? ""]!();
const listen = { hostname: "127.0.0.1", port: 0 };
if (Bun) console.log(Bun.serve({ ...listen, fetch }).port);
else if (Deno) console.log(Deno.serve({ ...listen, onListen: () => {} }, fetch).addr.port);
else serve({ ...listen, fetch: fetch as never }, ({ port }) => console.log(port));
process.stdin.on("data", () => {
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1e6);
});
// Nobody is left behind if the bench is.
process.stdin.on("end", () => process.exit());
setTimeout(() => process.exit(), 600_000).unref();
