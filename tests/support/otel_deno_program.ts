// A server that Deno's own OpenTelemetry measures beside us, and that pushes what we measure to the same receiver.
import { createMonitor } from "@rtm/runtime-metrics";
import { createPusher } from "@rtm/runtime-metrics/push";
import { Registry } from "prom-client";

interface DenoLike {
  serve(
    options: { port: number; hostname: string; onListen(): void },
    handler: (request: Request) => Promise<Response>,
  ): { addr: { port: number } };
}
const { Deno } = globalThis as unknown as { Deno: DenoLike };

const monitor = createMonitor({ registry: new Registry() });
// Where to, by whom and how often stands in the environment.
const pusher = createPusher({ protocol: "otlp", monitor });
const handler = monitor.instrument((_request: Request) => new Response("hello"), { route: () => "/users/:id" });
const { addr } = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler as never);
for (let id = 0; id < 3; id++) await (await fetch(`http://127.0.0.1:${addr.port}/users/${id}`)).text();
pusher.start();
