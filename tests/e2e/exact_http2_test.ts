// HTTP/2 on Node: listeners under more sets of options, and fetch handlers behind adapters.

import { getRequestListener } from "@hono/node-server";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { type Allowed, answerByPath, type Door } from "../exact/compare.ts";
import { compareAnswers } from "../exact/compare_answers.ts";
import { kinds, listened, listenHttp2, talk } from "../exact/http2_door.ts";
import { routeOf } from "../exact/kind.ts";
import { kindsFor } from "../exact/kinds.ts";

/** What comes of HTTP/1.1's own headers. */
const allowedOfAdapters: Allowed = [
  [
    /^proxied events as it is$/,
    "events are counted when they open, and their head is refused behind that",
    "sometimes",
  ],
];

const adapted: Door = {
  name: "toNodeListener() on HTTP/2",
  talk,
  allowed: allowedOfAdapters,
  serve(load, monitor) {
    const handler = answerByPath(load);
    const listener = toNodeListener(monitor?.instrument(handler, { route: routeOf }) ?? handler);
    return listenHttp2((incoming, outgoing) => void listener(incoming as never, outgoing as never));
  },
};

const hono: Door = {
  name: "@hono/node-server on HTTP/2",
  talk,
  allowed: [
    ...allowedOfAdapters,
    [/ MB|long text|big|kB|many pieces/, "it cuts off by itself what waits for its client (2.1.8)", "sometimes"],
  ],
  serve(load, monitor) {
    const handler = answerByPath(load);
    const listener = getRequestListener((monitor?.instrument(handler, { route: routeOf }) ?? handler) as never);
    return listenHttp2((incoming, outgoing) => void listener(incoming, outgoing));
  },
};

const sets = ["by default", "sizes", "everything"];
compareAnswers(listened, { kinds, under: sets });
for (const door of [adapted, hono]) compareAnswers(door, { kinds: kindsFor(door.name), under: sets });
