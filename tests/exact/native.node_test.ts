// Node's own server behind our own listener, with the platform's own responses.

import { createServer } from "node:http";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { answerByPath, type Door, listenOn } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { routeOf } from "./kind.ts";
import { kindsFor } from "./kinds.ts";

const door: Door = {
  name: "toNodeListener()",
  serve(load, monitor) {
    const handler = answerByPath(load);
    const listener = toNodeListener(monitor?.instrument(handler, { route: routeOf }) ?? handler);
    const server = createServer((incoming, outgoing) => void listener(incoming as never, outgoing as never));
    return listenOn(server);
  },
};

compareAnswers(door, { kinds: kindsFor(door.name) });
