// The Worker that tests/e2e/push_test.ts bundles: it pushes behind its responses.

import { createMonitor } from "@rtm/runtime-metrics/edge";
import { createPusher, type Pusher, type PusherOptions } from "@rtm/runtime-metrics/push";

interface Environment {
  PUSH_URL: string;
  PUSH_PROTOCOL: PusherOptions["protocol"];
}

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

const monitor = createMonitor();
// Where to push is known only with the bindings, which come with the first request.
let pusher: Pusher | undefined;

const worker: { fetch(request: Request, env: Environment, ctx: Context): Response } = {
  fetch: monitor.instrument((_request: Request, env: Environment, ctx: Context) => {
    pusher ??= createPusher({
      url: env.PUSH_URL,
      protocol: env.PUSH_PROTOCOL,
      job: "worker",
      monitor,
      intervalSeconds: 1,
    });
    pusher.pushLater(ctx);
    return Response.json(pusher.stats);
  }, { route: (request) => new URL(request.url).pathname }),
};

export default worker;
