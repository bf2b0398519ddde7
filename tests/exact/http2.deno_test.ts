// Deno's own server, which speaks HTTP/2 as well.

import { serveApp } from "../support/real_server.ts";
import { allowedHere } from "./allowed.ts";
import { answerByPath, type Door } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { talk } from "./http2_door.ts";
import { routeOf } from "./kind.ts";
import { kindsFor, promised } from "./kinds.ts";

const own: Door = {
  name: "Deno's server on HTTP/2",
  allowed: [...allowedHere, [
    /^proxied /,
    "the length of what passes JavaScript by is told to HTTP/2 alone",
    "sometimes",
  ]],
  talk,
  async serve(load, monitor) {
    const handler = answerByPath(load);
    const fetch = monitor?.instrument(handler, { route: routeOf }) ?? handler;
    const { url, stop } = await serveApp(fetch as never);
    return { port: Number(new URL(url).port), stop };
  },
};

// What Deno refuses ends its server on HTTP/2, and its client may take seconds for 2 MB (2.9.5).
const kinds = promised(kindsFor(own.name)).filter(({ name }) => !name.includes("2 MB"));
compareAnswers(own, { kinds, under: ["by default"] });
