// Apps of Hono's on this runtime's own server, and all that may stand around the middleware.

import { Hono } from "hono";
import { timeout } from "hono/timeout";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import type { Monitor } from "../../mod.ts";
import { serveApp } from "../support/real_server.ts";
import { allowedBehindHono } from "./allowed.ts";
import type { Door, Load } from "./compare.ts";
import { honoKinds, type Routed, type RoutedKind } from "./hono_kinds.ts";
import { type Kind, pathOf, routeOf } from "./kind.ts";
import { kindsFor, promised } from "./kinds.ts";

/** An app that is not strict, so that a slash more at the end of a path is the same route. */
const newApp = (): Hono => new Hono({ strict: false });

/** Measures what an app answers from here on, where there is a monitor. */
function measure(app: Hono, monitor: Monitor | undefined): Hono {
  return monitor ? app.use(runtimeMetrics(monitor, { path: false })) : app;
}

function noteWhatComes(app: Hono, { kinds, came }: Load<Routed>): Hono {
  for (const kind of kinds) {
    app.use(pathOf(kind.name), (_, next) => {
      came(kind);
      return next();
    });
  }
  return app;
}

function addMiddlewares(app: Hono, { kinds }: Load<Routed>): Hono {
  for (const { name, before = [] } of kinds as readonly RoutedKind[]) {
    for (const middleware of before) app.use(pathOf(name), middleware);
  }
  return app;
}

function addRoutes(app: Hono, { kinds, answer }: Load<Routed>): Hono {
  for (const kind of kinds) {
    app.all(pathOf(kind.name), (c) => answer(kind, { request: c.req.raw, c }) as Response);
  }
  return app;
}

/** An app that answers all kinds, with the middleware before everything else. */
export const whole = (load: Load<Routed>, monitor: Monitor | undefined): Hono =>
  addRoutes(addMiddlewares(measure(noteWhatComes(newApp(), load), monitor), load), load);

/** A time limit that no busy machine comes to, in milliseconds. */
const notReached = 100_000;

/** Each way to put the middleware into an app. */
const ways: Readonly<Record<string, (load: Load<Routed>, monitor: Monitor | undefined) => Pick<Hono, "fetch">>> = {
  "Hono": whole,
  "Hono, its middlewares around ours": (load, monitor) =>
    addRoutes(measure(addMiddlewares(noteWhatComes(newApp(), load), load), monitor), load),
  "Hono, twice": (load, monitor) => {
    const app = measure(measure(noteWhatComes(newApp(), load), monitor), monitor);
    return app.route("/", addRoutes(addMiddlewares(measure(newApp(), monitor), load), load));
  },
  "Hono, within a time limit and around one": (load, monitor) =>
    addRoutes(
      addMiddlewares(
        measure(noteWhatComes(newApp(), load).use(timeout(notReached)), monitor).use(timeout(notReached)),
        load,
      ),
      load,
    ),
  "Hono, mounted": (load, monitor) => newApp().mount("/", whole(load, monitor).fetch),
  "Hono, mounted and measured around": (load, monitor) =>
    measure(newApp(), monitor).mount("/", whole(load, monitor).fetch),
  "Hono, instrumented": (load, monitor) => {
    const app = whole(load, monitor);
    return monitor ? { fetch: monitor.instrument(app.fetch, { route: routeOf }) } : app;
  },
  "Hono, which answers errors itself": (load, monitor) =>
    whole(load, monitor)
      .onError((error, c) => c.text(`mine: ${error.message}`, 502, { "x-error": "1" }))
      .notFound((c) => c.json({ missing: c.req.path }, 404)),
};

/** Where the counts are not those of the handlers. */
const uncounted: Readonly<Record<string, string>> = {
  "Hono, its middlewares around ours": "what answers before the middleware's turn, or in its place, it cannot count",
  "Hono, mounted and measured around": "requests of a mounted app are counted under the route of the mount",
};

/** The middleware alone. */
export const plainWay = "Hono";

/** All other ways to put it into an app. */
export const otherWays: readonly string[] = Object.keys(ways).filter((name) => name !== plainWay);

/** What answers through Hono. */
export const kinds: readonly Kind<Routed>[] = promised<Routed>([...kindsFor("Hono"), ...honoKinds]);

/** All of Hono's own, and each twelfth of the others: what is around them is the same for all. */
export const fewKinds: readonly Kind<Routed>[] = kinds.filter((kind, i) => i % 12 === 0 || honoKinds.includes(kind));

/** An app whose middleware is put into it in one of the ways. */
export const doorOf = (name: string): Door<Routed> => ({
  name,
  allowed: allowedBehindHono,
  ...(name in uncounted && { uncounted: uncounted[name]! }),
  async serve(load, monitor) {
    const { url, stop } = await serveApp(ways[name]!(load, monitor).fetch as never);
    return { port: Number(new URL(url).port), stop };
  },
});
