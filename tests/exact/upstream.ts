// A server whose answers are passed on: bytes over a plain socket, so that it can say what no server's interface can.

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

const plain = "upstream ".repeat(500);

/** A whole answer with its length. */
function whole(status: string, headers: string, body: string | Uint8Array = ""): Buffer {
  const bytes = Buffer.from(body as string, "latin1");
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${headers}Content-Length: ${bytes.length}\r\n\r\n`, "latin1"),
    bytes,
  ]);
}

/** An answer in pieces. */
function pieces(headers: string, ...parts: (string | Uint8Array)[]): Buffer {
  const framed = parts.flatMap((part) => {
    const bytes = Buffer.from(part as string, "latin1");
    return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")];
  });
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\n${headers}Transfer-Encoding: chunked\r\n\r\n`, "latin1"),
    ...framed,
    Buffer.from("0\r\n\r\n"),
  ]);
}

const type = "Content-Type: text/plain\r\n";

/** What stands under each path. */
const answers: Readonly<Record<string, Buffer>> = {
  "/plain": whole("200 OK", type, plain),
  "/short": whole("200 OK", type, "short"),
  "/typeless": whole("200 OK", "", "typeless"),
  "/gzip": whole("200 OK", `${type}Content-Encoding: gzip\r\n`, gzipSync(plain)),
  "/deflate": whole("200 OK", `${type}Content-Encoding: deflate\r\n`, deflateSync(plain)),
  "/br": whole("200 OK", `${type}Content-Encoding: br\r\n`, brotliCompressSync(plain)),
  "/identity": whole("200 OK", `${type}Content-Encoding: identity\r\n`, plain),
  "/unknown-encoding": whole("200 OK", `${type}Content-Encoding: x-own\r\n`, plain),
  "/pieces": pieces(type, "one ", "two ", "three"),
  "/gzip-pieces": pieces(`${type}Content-Encoding: gzip\r\n`, gzipSync(plain)),
  "/events": pieces("Content-Type: text/event-stream\r\n", "data: 1\n\n", "data: 2\n\n"),
  "/empty": whole("200 OK", type),
  "/201": whole("201 Created", `${type}Location: /x\r\n`, "made"),
  "/204": Buffer.from("HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"),
  "/205": whole("205 Reset Content", ""),
  "/206": whole("206 Partial Content", `${type}Content-Range: bytes 0-3/10\r\n`, "part"),
  "/301": whole("301 Moved Permanently", "Location: /short\r\n", "moved"),
  "/304": Buffer.from('HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'),
  "/401": whole("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n', "who"),
  "/404": whole("404 Not Found", type, "not here"),
  "/500": whole("500 Internal Server Error", type, "broken"),
  "/599": whole("599 Odd", type, "odd"),
  "/600": whole("600 Odder", type, "odder"),
  "/999": whole("999 Request Denied", type, "denied"),
  "/999-pieces": Buffer.from(
    "HTTP/1.1 999 Request Denied\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndenied\r\n0\r\n\r\n",
  ),
  "/cookies": whole("200 OK", `${type}Set-Cookie: a=1\r\nSet-Cookie: b=2, and 3\r\n`, "cookies"),
  "/latin1": whole("200 OK", `${type}X-Latin: caf\xe9 \xff\r\n`, "latin1"),
  "/utf8": whole("200 OK", `${type}X-Utf8: caf\xc3\xa9\r\n`, "utf8"),
  "/twice": whole("200 OK", `${type}X-A: 1\r\nx-a: 2\r\nVia: 1.1 a\r\nVia: 1.1 b\r\n`, "twice"),
  "/reason": whole("200 Quite Fine", type, "reason"),
  "/early": Buffer.concat([
    Buffer.from("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"),
    whole("200 OK", type, "behind a hint"),
  ]),
  "/trailers": Buffer.from(
    "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n",
  ),
  "/broken": Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly so much"),
  "/big": whole("200 OK", "Content-Type: x/y\r\n", "0123456789abcdef".repeat(1 << 16)),
};

/** The server, until it is disposed of. */
export interface Upstream extends AsyncDisposable {
  url: string;
}

/** What is longer, in bytes, a client does not take in one piece. */
const mostAtOnce = 65_536;

/** Starts it on a free port. */
export async function startUpstream(): Promise<Upstream> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    let asked = "";
    socket.on("data", (bytes) => {
      asked += bytes;
      const line = /^(\S+) (\S+)/.exec(asked);
      if (!line || !asked.includes("\r\n\r\n")) return;
      asked = "";
      const answer = answers[line[2]!] ?? whole("404 Not Found", "", `no ${line[2]}`);
      const head = answer.indexOf("\r\n\r\n") + 4;
      const said = line[1] === "HEAD" ? answer.subarray(0, head) : answer;
      // Where a connection is closed behind a long answer that is read slowly, Node's `fetch` breaks that off with "other side
      // closed", here or there and with us or without (20.20.2).
      if (said.length > mostAtOnce) socket.write(said);
      else socket.end(said);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Every path that answers. */
export const upstreamPaths: readonly string[] = Object.keys(answers);
