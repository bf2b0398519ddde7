// What is compared in workerd: each door with its kinds.

import { upgradeWebSocket } from "hono/cloudflare-workers";
import { honoKinds } from "./hono_kinds.ts";
import type { Kind } from "./kind.ts";
import { kindsFor } from "./kinds.ts";
import { webSocketKinds } from "./web_socket_kinds.ts";

interface WorkerDoor {
  kinds: readonly Kind<never>[];
  under?: readonly string[];
}

// Another realm's promises are Node's alone.
const all = kindsFor("workerd").filter(({ name }) => !name.startsWith("answers another realm"));

/** By name. */
export const workerDoors: Readonly<Record<string, WorkerDoor>> = {
  "instrument()": { kinds: all },
  Hono: {
    kinds: [...all, ...honoKinds],
    under: ["by default", "sizes", "everything"],
  },
  "Hono's WebSockets": {
    kinds: webSocketKinds(upgradeWebSocket as never),
    under: ["by default", "sizes", "everything"],
  },
};
