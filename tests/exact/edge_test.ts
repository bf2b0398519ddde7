// The door for edge runtimes on this runtime's own server, as on an edge that runs it.

import { createMonitor } from "@rtm/runtime-metrics/edge";
import { serveApp } from "../support/real_server.ts";
import { allowedHere } from "./allowed.ts";
import { answerByPath, type Door } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { routeOf } from "./kind.ts";
import { kindsFor } from "./kinds.ts";

const door: Door = {
  name: "the edge's instrument() on this runtime's server",
  allowed: allowedHere,
  monitor: createMonitor as NonNullable<Door["monitor"]>,
  async serve(load, monitor) {
    const handler = answerByPath(load);
    const fetch = monitor?.instrument(handler, { route: routeOf }) ?? handler;
    const { url, stop } = await serveApp(fetch as never);
    return { port: Number(new URL(url).port), stop };
  },
};

// What else the options do, they do alike behind each door.
compareAnswers(door, { kinds: kindsFor(door.name), under: ["by default", "sizes"] });
