// This runtime's own server: `@hono/node-server` on Node, `Deno.serve`, `Bun.serve`.

import { serveApp } from "../support/real_server.ts";
import { allowedHere } from "./allowed.ts";
import type { Door, Listening } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { routeOf } from "./kind.ts";

async function listen(fetch: (request: Request) => unknown): Promise<Listening> {
  const { url, stop } = await serveApp(fetch as never);
  return { port: Number(new URL(url).port), stop };
}

const raw: Door = {
  name: "this runtime's server",
  allowed: allowedHere,
  serve({ handle }, monitor) {
    const handler = handle as (request: Request) => Response;
    return listen(monitor?.instrument(handler, { route: routeOf }) ?? handler);
  },
};

compareAnswers(raw);
