// WebSockets that an app of Hono's opens by its runtime's own `upgradeWebSocket()`, behind the middleware.

import type { UpgradeWebSocket } from "hono/ws";
import type { Monitor } from "../../mod.ts";
import { runtimeName } from "../support/loop.ts";
import { serveApp, type ServerExtras } from "../support/real_server.ts";
import { compareAnswers } from "./compare_answers.ts";
import { doorOf, plainWay, whole } from "./hono_door.ts";
import { webSocketKinds } from "./web_socket_kinds.ts";

/** What opens WebSockets on this runtime, and what its server needs for that. */
async function ofRuntime(): Promise<{ upgradeWebSocket: UpgradeWebSocket; extras: () => ServerExtras }> {
  switch (runtimeName) {
    case "node": {
      const { upgradeWebSocket } = await import("@hono/node-server");
      const { WebSocketServer } = await import("ws" as string);
      const websocket = () => ({ server: new WebSocketServer({ noServer: true }) });
      return { upgradeWebSocket: upgradeWebSocket as never, extras: () => ({ node: { websocket: websocket() } }) };
    }
    case "deno":
      return { upgradeWebSocket: (await import("hono/deno")).upgradeWebSocket as never, extras: () => ({}) };
    case "bun": {
      const { upgradeWebSocket, websocket } = await import("hono/bun");
      return { upgradeWebSocket: upgradeWebSocket as never, extras: () => ({ bun: { websocket } }) };
    }
  }
}

const { upgradeWebSocket, extras } = await ofRuntime();
const door = doorOf(plainWay);

compareAnswers({
  ...door,
  name: "Hono's WebSockets",
  allowed: [],
  async serve(load, monitor: Monitor | undefined) {
    const { url, stop } = await serveApp(whole(load, monitor).fetch as never, extras());
    return { port: Number(new URL(url).port), stop };
  },
}, { kinds: webSocketKinds(upgradeWebSocket), under: ["by default", "sizes", "everything"] });
