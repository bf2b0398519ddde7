// Listeners on the server of `node:http2` that each runtime has.

import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { instrumentListener } from "@rtm/runtime-metrics/node";
import { type Door, type Listening, listenOn } from "./compare.ts";
import { http2Kinds, type Streamed } from "./http2_kinds.ts";
import { openHttp2, talkHttp2 } from "./http2_wire.ts";
import { type Kind, routeOf } from "./kind.ts";
import { messageKinds } from "./message_kinds.ts";

type Listener = (incoming: Http2ServerRequest, outgoing: Http2ServerResponse) => unknown;

/** Lets a server of HTTP/2 listen; to stop it breaks its connections off. */
export async function listenHttp2(listener: Listener): Promise<Listening> {
  const server = createServer(listener);
  server.on("sessionError", () => {});
  return await listenOn(server);
}

/** Asks over a session of its own. */
export const talk: Door["talk"] & object = async (port, message) => await talkHttp2(await openHttp2(port), message);

const route = ({ url }: Http2ServerRequest): string => routeOf({ url: new URL(url, "http://localhost").href });

/** A listener, measured. */
export const listened: Door<Streamed> = {
  name: "instrumentListener() on HTTP/2",
  talk,
  allowed: [
    [/^a client that leaves/, "its client has seen the head, and left: that is 499", "sometimes"],
    [
      /^closed with CANCEL behind the head$|^destroyed midway$/,
      "what the app itself breaks off without an error looks as if its client had left",
      "sometimes",
    ],
  ],
  serve(load, monitor) {
    const listener: Listener = (incoming, outgoing) => {
      const kind = load.find(route(incoming));
      if (!kind) return outgoing.writeHead(404).end("no such kind");
      load.came(kind);
      outgoing.on("error", () => {});
      outgoing.stream.on("error", () => {});
      try {
        return load.answer(kind, { incoming, outgoing });
      } catch {
        // A message of HTTP/2 refuses much that one of HTTP/1 does not.
        return outgoing.stream?.destroy();
      }
    };
    return listenHttp2(monitor ? instrumentListener(monitor, listener, { route }) : listener);
  },
};

/** What a listener of HTTP/2 is asked for. */
export const kinds: readonly Kind<Streamed>[] = [
  ...http2Kinds,
  ...(messageKinds as readonly Kind<never>[] as readonly Kind<Streamed>[])
    .filter(({ name }) => !/^(throws|rejects) /.test(name)),
];
