// What a listener of HTTP/2 makes of a message, or of its stream.

import { Buffer } from "node:buffer";
import { constants, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import { fileURLToPath } from "node:url";
import { ask, type Kind, kindsOf } from "./kind.ts";

/** What a listener of HTTP/2 has. */
export interface Streamed {
  incoming: Http2ServerRequest;
  outgoing: Http2ServerResponse;
}

const later = (milliseconds = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const megabytes = Buffer.alloc(2 << 20, "0123456789abcdef");
const file = fileURLToPath(import.meta.url);

/** Answers by the stream itself. */
function byStream(answer: (stream: ServerHttp2Stream) => unknown): Kind<Streamed>["answer"] {
  return ({ outgoing }) => {
    const { stream } = outgoing;
    stream.on("error", () => {});
    return answer(stream);
  };
}

const streams: Kind<Streamed>[] = kindsOf<Streamed>(Object.fromEntries(
  Object.entries<(stream: ServerHttp2Stream) => unknown>({
    "respond and end": (stream) => {
      stream.respond({ ":status": 200, "x-a": ["1", "2"], "content-type": "text/x" });
      stream.end("by the stream");
    },
    "respond without a body": (stream) => stream.respond({ ":status": 204 }, { endStream: true }),
    "respond with 304": (stream) => stream.respond({ ":status": 304, etag: '"x"' }, { endStream: true }),
    "respond with a length": (stream) => {
      stream.respond({ ":status": 200, "content-length": 5 });
      stream.end("right");
    },
    "respond slowly": async (stream) => {
      stream.respond({ ":status": 200 });
      stream.write("one ");
      await later();
      stream.end("two");
    },
    "respond with 2 MB": (stream) => {
      stream.respond({ ":status": 200 });
      stream.end(megabytes);
    },
    "respond with trailers": (stream) => {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "5" }));
      stream.end("with trailers");
    },
    "respond with a file": (stream) => stream.respondWithFile(file, { ":status": 200, "content-type": "text/x" }),
    "respond with a part of a file": (stream) =>
      stream.respondWithFile(file, { ":status": 206 }, { offset: 10, length: 100 }),
    "respond with no file": (stream) =>
      stream.respondWithFile("/no/such/file", {}, {
        onError: () => {
          stream.respond({ ":status": 404 });
          stream.end("no file");
        },
      }),
    "respond with sensitive headers": (stream) => {
      stream.respond({ ":status": 200, cookie: "a=1", "set-cookie": ["a=1", "b=2"] });
      stream.end("sensitive");
    },
    "additional headers first": (stream) => {
      stream.additionalHeaders({ ":status": 103, link: "</a.css>; rel=preload" });
      stream.additionalHeaders({ ":status": 102 });
      stream.respond({ ":status": 200 });
      stream.end("informed");
    },
    "a push": (stream) => {
      if (!stream.pushAllowed) {
        stream.respond({ ":status": 200 });
        stream.end("not pushed");
        return;
      }
      stream.pushStream({ ":path": "/pushed" }, (error, pushed) => {
        if (error) throw error;
        pushed.on("error", () => {});
        pushed.respond({ ":status": 200, "x-pushed": "1" });
        pushed.end("pushed");
        stream.respond({ ":status": 200 });
        stream.end("pushed as well");
      });
    },
    ...Object.fromEntries(
      (["NO_ERROR", "INTERNAL_ERROR", "REFUSED_STREAM", "CANCEL", "ENHANCE_YOUR_CALM"] as const).flatMap((name) => {
        const code = constants[`NGHTTP2_${name}`];
        return [
          [`closed with ${name}`, (stream: ServerHttp2Stream) => stream.close(code)],
          [`closed with ${name} behind the head`, async (stream: ServerHttp2Stream) => {
            stream.respond({ ":status": 200 });
            stream.write("half");
            await later();
            stream.close(code);
          }],
        ];
      }),
    ),
    "destroyed with its stream": (stream) => stream.destroy(),
    "destroyed with an error of its stream": (stream) => stream.destroy(new Error("boom")),
    "destroyed with its session": (stream) => stream.session?.destroy(),
    "the session going away": (stream) => {
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
      stream.respond({ ":status": 200 });
      stream.end("going");
    },
    "the session closing": (stream) => {
      stream.session?.close();
      stream.respond({ ":status": 200 });
      stream.end("closing");
    },
  }).map(([name, answer]) => [name, byStream(answer)]),
));

const messages: Kind<Streamed>[] = kindsOf<Streamed>({
  "createPushResponse": ({ outgoing }) => {
    outgoing.createPushResponse({ ":path": "/pushed" }, (error, pushed) => {
      if (error) return void outgoing.end(`not pushed ${(error as { code?: string }).code}`);
      pushed.setHeader("x-pushed", "1");
      pushed.end("pushed");
      outgoing.end("pushed as well");
    });
  },
  "trailers of a message": ({ outgoing }) => {
    outgoing.write("with ");
    outgoing.addTrailers({ "x-sum": "5" });
    outgoing.addTrailers({ "x-more": "6" });
    outgoing.end("trailers");
  },
  "a push that fails": ({ outgoing }) => {
    outgoing.end("ended");
    outgoing.createPushResponse({ ":path": "/late" }, () => {});
  },
  "write and end of the stream": ({ outgoing }) => {
    outgoing.writeHead(200);
    outgoing.stream.write("past ");
    outgoing.stream.end("the message");
  },
  "a message that is told": ({ incoming, outgoing }) => {
    const { authority: _, method, scheme, url, httpVersion, complete, aborted } = incoming;
    outgoing.end(JSON.stringify([method, scheme, url, httpVersion, complete, aborted, outgoing.finished]));
  },
});

const slow: Kind<Streamed>["answer"] = async ({ outgoing }) => {
  outgoing.on("error", () => {});
  await later(15);
  outgoing.write("one ");
  await later(15);
  outgoing.write("two ");
  await later(15);
  outgoing.end("three");
};

const clients: Kind<Streamed>[] = ["leaves at once", "leaves on the head", "leaves on data", "reads slowly"].flatMap((
  client,
): Kind<Streamed>[] => [
  { name: `a client that ${client}`, answer: slow, messages: [ask("GET", `x-client: ${client}\r\n`)] },
  {
    name: `a client that ${client}, of 2 MB`,
    answer: ({ outgoing }) => {
      outgoing.on("error", () => {});
      outgoing.end(megabytes);
    },
    messages: [ask("GET", `x-client: ${client}\r\n`)],
  },
]);

/** What HTTP/2 alone has. */
export const http2Kinds: readonly Kind<Streamed>[] = [...streams, ...messages, ...clients];
