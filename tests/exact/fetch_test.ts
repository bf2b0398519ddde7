// This runtime's own server: `@hono/node-server` on Node, `Deno.serve`, `Bun.serve`.

import { serveApp } from "../support/real_server.ts";
import { allowedHere } from "./allowed.ts";
import { answerByPath, type Door, type Listening } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { routeOf } from "./kind.ts";
import { kindsFor } from "./kinds.ts";

async function listen(fetch: (request: Request) => unknown): Promise<Listening> {
  const { url, stop } = await serveApp(fetch as never);
  return { port: Number(new URL(url).port), stop };
}

const raw: Door = {
  name: "this runtime's server",
  allowed: allowedHere,
  serve(load, monitor) {
    const handler = answerByPath(load);
    return listen(monitor?.instrument(handler, { route: routeOf }) ?? handler);
  },
};

compareAnswers(raw, { kinds: kindsFor(raw.name) });
