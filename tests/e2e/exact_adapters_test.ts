// Servers that bring their own kind of request and response, from npm at the versions that tests/adapters pins: every kind of
// answer, with and without us.

import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Context, Next } from "hono";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { answerByPath, type Door, type Listening, listenOn, type Load } from "../exact/compare.ts";
import { compareAnswers } from "../exact/compare_answers.ts";
import { whole } from "../exact/hono_door.ts";
import type { Routed } from "../exact/hono_kinds.ts";
import { routeOf } from "../exact/kind.ts";
import { kindsFor } from "../exact/kinds.ts";
import { webSocketKinds } from "../exact/web_socket_kinds.ts";

type Handler = (request: Request, ...more: unknown[]) => unknown;

const { install, load, modules } = pinnedPackages("tests/adapters");
const skip = install() ?? false;

// These servers show stacks to clients, and whoever stands around a handler stands in its stacks.
Error.stackTraceLimit = 0;

const listen = (listener: RequestListener): Promise<Listening> => listenOn(createServer(listener));

/** Each server with what it makes of a handler. */
const servers: Readonly<Record<string, (handler: Handler) => Promise<Listening>>> = {
  createServerAdapter: (handler) => listen(load("@whatwg-node/server").createServerAdapter(handler)),
  "createServerAdapter with native classes": (handler) =>
    listen(load("@whatwg-node/server").createServerAdapter(handler, { fetchAPI: globalThis })),
  srvx: async (fetch) => {
    const { serve } = await import(`${modules}/srvx/dist/adapters/node.mjs`);
    const server = serve({ fetch, port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
    await server.ready();
    return { port: Number(new URL(server.url).port), stop: () => server.close(true) };
  },
};

for (const [name, serve] of Object.entries(servers)) {
  const door: Door = {
    name,
    allowed: [[/^proxied broken as it is$/, "the app itself breaks its connection off, without an error", "sometimes"]],
    serve: (load, monitor) => {
      const handler = answerByPath(load);
      return serve(monitor?.instrument(handler, { route: routeOf }) ?? handler);
    },
  };
  // The other realm has a limit of its own.
  const left = ["answers another realm's rejection"];
  // The adapter fails on such a piece by itself, and leaves its client waiting behind a head of 200 (0.10.18).
  if (name.startsWith("createServerAdapter")) left.push("piece that has given its memory away");
  const kinds = kindsFor(name).filter((kind) => !left.includes(kind.name));
  compareAnswers(door, { kinds, under: ["everything"], skip });
}

/** By the package that opens WebSockets for older servers of Hono's; each app has an own function that does. */
const opener = "upgradeWebSocket";
const webSockets: Door<Routed> = {
  name: "@hono/node-ws",
  serve({ kinds, came, answer, find }, monitor) {
    const own: Load<Routed> = {
      kinds,
      came,
      find,
      answer: (kind, given) => {
        given.c.set(opener, upgradeWebSocket);
        return answer(kind, given);
      },
    };
    const app = whole(own, monitor);
    const { injectWebSocket, upgradeWebSocket } = load("@hono/node-ws").createNodeWebSocket({ app });
    const server = createServer(getRequestListener(app.fetch));
    injectWebSocket(server);
    return listenOn(server);
  },
};
const openedBy = ((events: never) => (c: Context, next: Next) => c.get(opener)(events)(c, next)) as never;
compareAnswers(webSockets, { kinds: webSocketKinds(openedBy), under: ["by default", "everything"], skip });
