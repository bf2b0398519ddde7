// A listener of Node's, on the server of `node:http` that each runtime has.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { instrumentListener, type InstrumentListenerOptions } from "@rtm/runtime-metrics/node";
import { runtimeName } from "../support/loop.ts";
import { allowedOfListeners } from "./allowed.ts";
import { type Door, listenOn } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { routeOf } from "./kind.ts";
import { type Listened, messageKinds } from "./message_kinds.ts";

const route = ({ url }: IncomingMessage): string => routeOf({ url: new URL(url ?? "/", "http://localhost").href });

type Route = InstrumentListenerOptions<IncomingMessage>["route"] & object;

const doorOf = (name: string, tellsRoute: Route): Door<Listened> => ({
  name,
  allowed: allowedOfListeners,
  serve(load, monitor) {
    const listener = (incoming: IncomingMessage, outgoing: ServerResponse): unknown => {
      const kind = load.find(route(incoming));
      if (!kind) return outgoing.writeHead(404).end("no such kind");
      load.came(kind);
      // Of what is written behind an end, and nobody hears, Bun ends the process.
      outgoing.on("error", () => {});
      const answer = (): unknown => load.answer(kind, { incoming, outgoing });
      if (/^throws /.test(kind.name)) return answer();
      try {
        return answer();
      } catch {
        // A message that refuses its end, as Bun's does with a status that is none.
        return outgoing.destroy();
      }
    };
    const server = createServer(monitor ? instrumentListener(monitor, listener, { route: tellsRoute }) : listener);
    return listenOn(server);
  },
});

// What a listener throws ends a process, and its connection on Deno.
const kinds = messageKinds.filter(({ name }) => runtimeName === "node" || !/^(throws|rejects) /.test(name));
compareAnswers(doorOf("instrumentListener()", { normalizePath: [[/^(.*?)\/?$/, "$1"]] }), { kinds });
compareAnswers(doorOf("instrumentListener() that asks for routes", route), {
  kinds,
  under: ["by default", "sizes"],
});
