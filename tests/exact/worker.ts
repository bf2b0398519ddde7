// The Worker that workerd.node_test.ts bundles: every kind of answer, with and without us.

import { Hono } from "hono";
import { createMonitor, type Monitor, runtimeMetrics } from "@rtm/runtime-metrics/edge";
import { type Kind, pathOf, routeOf } from "./kind.ts";
import { workerDoors } from "./worker_doors.ts";
import { settings } from "./settings.ts";

interface Bindings {
  /** The name of the door. */
  door: string;
  /** The name of the set of options; empty without us. */
  under: string;
  upstream: string;
}

type Fetch = (request: Request, bindings: Bindings, context: ExecutionContext) => Response | Promise<Response>;
type ExecutionContext = Parameters<Hono["fetch"]>[2] & object;

const paths = new Map<string, Kind<never>>();
const requests = new Map<string, number>();
const memories = new Map<Kind<never>, Map<string, unknown>>();

function came({ name }: Kind<never>): void {
  requests.set(name, (requests.get(name) ?? 0) + 1);
}

/** Answers as a kind does. */
function answer(kind: Kind<never>, given: object, { upstream }: Bindings): Response {
  let memory = memories.get(kind);
  if (!memory) memories.set(kind, memory = new Map());
  // What some kinds answer is none on purpose.
  return kind.answer({ ...given, upstream, memory } as never) as Response;
}

function handler(monitor: Monitor | undefined): Fetch {
  const raw: Fetch = (request, bindings) => {
    const kind = paths.get(routeOf(request));
    if (!kind) return new Response("no such kind", { status: 404 });
    came(kind);
    return answer(kind, { request }, bindings);
  };
  return monitor ? monitor.instrument(raw, { route: routeOf }) : raw;
}

function app(monitor: Monitor | undefined): Fetch {
  const app = new Hono<{ Bindings: Bindings }>({ strict: false });
  for (const [path, kind] of paths) {
    app.use(path, (_, next) => {
      came(kind);
      return next();
    });
  }
  if (monitor) app.use(runtimeMetrics(monitor, { path: false }));
  for (const [path, kind] of paths) {
    for (const middleware of (kind as { before?: Parameters<typeof app.use>[1][] }).before ?? []) {
      app.use(path, middleware);
    }
    app.all(path, (c) => answer(kind, { request: c.req.raw, c }, c.env));
  }
  return app.fetch;
}

let monitor: Monitor | undefined;
let serve: Fetch | undefined;

export default {
  fetch(request: Request, bindings: Bindings, context: ExecutionContext): Response | Promise<Response> {
    if (!serve) {
      for (const kind of workerDoors[bindings.door]!.kinds) paths.set(pathOf(kind.name), kind);
      const options = settings[bindings.under];
      if (options) monitor = createMonitor({ maxLabelSets: 10_000, ...options });
      serve = (bindings.door.startsWith("Hono") ? app : handler)(monitor);
    }
    switch (routeOf(request)) {
      case "/-/requests":
        return Response.json([...requests]);
      case "/-/metrics":
        return monitor!.handler();
      case "/-/forget":
        memories.clear();
        return new Response(null, { status: 204 });
    }
    return serve(request, bindings, context);
  },
};
