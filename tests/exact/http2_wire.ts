// A conversation over HTTP/2, written down as HTTP/1.1 would write it, so that it is compared and counted in the same way.

import { Buffer } from "node:buffer";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import type { Message, Wire } from "./wire.ts";

/** For how long nothing may come on a stream, in milliseconds: who left an answer that goes on would be counted as having left. */
const limit = 5000;
/** How many looks that time has: where this process stands still for longer, so does the server, and it is one look. */
const looks = 50;

/** How long a session stays behind its last answer, in milliseconds. */
const moment = 20;
/** How many turns of the loop at least. */
const turns = 20;

/** What a client does of itself, by the request's header `x-client`; the server gets it as well. */
export type Leaving = "leaves at once" | "leaves on the head" | "leaves on data" | "reads slowly" | "takes no push";

interface Asked {
  method: string;
  path: string;
  headers: Record<string, string | string[]>;
  body: string;
}

/** Reads requests of HTTP/1.1 that stand behind each other. */
function askedIn(message: Message): Asked[] {
  const text = typeof message === "string" ? message : message.join("");
  const asked: Asked[] = [];
  for (const part of text.split(/(?=[A-Z]+ \S+ HTTP\/1\.[01]\r\n)/)) {
    const [head, ...body] = part.split("\r\n\r\n");
    const [line, ...lines] = head!.split("\r\n");
    const [, method, path] = /^([A-Z]+) (\S+) /.exec(line!) ?? [];
    if (!method || !path) continue;
    const headers: Record<string, string | string[]> = {};
    for (const each of lines) {
      const [name, value] = [each.slice(0, each.indexOf(":")).toLowerCase(), each.slice(each.indexOf(":") + 1).trim()];
      // Of these HTTP/2 has none.
      if (/^(host|connection|upgrade|transfer-encoding|keep-alive|http2-settings)$/.test(name) || name === "") continue;
      headers[name] = value;
    }
    asked.push({ method, path, headers, body: body.join("\r\n\r\n") });
  }
  return asked;
}

/** Node tells the names as they came as well; its types do not. */
type HeadListener = (headers: IncomingHttpHeaders, flags: number, raw: string[]) => void;

const lines = (raw: readonly string[]): string[] => {
  const all: string[] = [];
  for (let i = 0; i < raw.length; i += 2) if (raw[i] !== ":status") all.push(`${raw[i]}: ${raw[i + 1]}\r\n`);
  return all;
};
const headOf = (status: unknown, raw: readonly string[]): string => `HTTP/1.1 ${status}\r\n${lines(raw).join("")}\r\n`;

/** Notes all that comes on one stream. */
function listen(stream: ClientHttp2Stream, leaving: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    const said: string[] = [];
    const body: string[] = [];
    const rest: string[] = [];
    const leave = (): void => stream.close(constants.NGHTTP2_CANCEL);
    let quiet = 0;
    const timer = setInterval(() => {
      if (++quiet !== looks) return;
      // What came while this process had no turn is heard first.
      setImmediate(() => {
        if (quiet < looks) return;
        rest.push("(nothing more)");
        leave();
        // Not every client tells that it has left.
        setTimeout(over, moment);
      });
    }, limit / looks);
    const noteHead: HeadListener = (headers, _, raw) => {
      quiet = 0;
      said.push(headOf(headers[":status"], raw));
    };
    stream.on("headers", noteHead as never);
    stream.on(
      "response",
      ((...head) => {
        noteHead(...head);
        if (leaving === "leaves on the head") leave();
        if (leaving === "reads slowly") void delay(60).then(() => stream.resume());
      }) as HeadListener as never,
    );
    stream.on("data", (piece: Uint8Array) => {
      quiet = 0;
      body.push(Buffer.from(piece).toString("latin1"));
      if (leaving === "leaves on data") leave();
    });
    if (leaving === "reads slowly") stream.pause();
    stream.on(
      "trailers",
      ((_headers, _flags, raw) => rest.push(`trailers ${lines(raw).join("")}`)) as HeadListener as never,
    );
    stream.on("end", () => rest.push("end"));
    stream.on("error", (error) => rest.push(`error ${(error as { code?: string }).code}`));
    const over = (): void => {
      clearInterval(timer);
      // Deno's client tells of the first piece before it tells of the head.
      resolve(`${said.join("")}${body.join("")}\r\n${rest.join("\r\n")}\r\nclosed with ${stream.rstCode}`);
    };
    stream.on("close", over);
    if (leaving === "leaves at once") setTimeout(leave, 5);
  });
}

/**
 * Asks over one session, one request behind the answer to the one before it.
 *
 * @param session A session that is open.
 * @param message Requests as HTTP/1.1 writes them.
 * @returns All that came.
 */
export async function talkHttp2(session: ClientHttp2Session, message: Message): Promise<Wire> {
  const texts: string[] = [];
  const pushes: Promise<string>[] = [];
  session.on("error", () => {});
  session.on("goaway", (code) => texts.push(`goaway ${code}\r\n`));
  const promised = (stream: ClientHttp2Stream, headers: IncomingHttpHeaders): void => {
    const noteHead: HeadListener = (head, _, raw) => texts.push(`pushed ${headOf(head[":status"], raw)}`);
    stream.on("push", noteHead as never);
    texts.push(`promised ${headers[":path"]} `);
    pushes.push(listen(stream, undefined));
  };
  session.on("stream", promised as never);
  const broken = new Promise<string>((resolve) => session.once("close", () => resolve("the session is closed")));
  for (const { method, path, headers, body } of askedIn(message)) {
    let stream: ClientHttp2Stream;
    try {
      stream = session.request({ ":method": method, ":path": path, ":authority": "localhost", ...headers }, {
        endStream: body === "",
      });
    } catch (error) {
      texts.push(`refused ${(error as { code?: string }).code}`);
      continue;
    }
    const heard = listen(stream, headers["x-client"] as string | undefined);
    if (body !== "") stream.end(Buffer.from(body, "latin1"));
    texts.push(await Promise.race([heard, broken.then(() => heard)]));
  }
  texts.push(...await Promise.all(pushes));
  // In one process the server would hear of the session's end before that of its own writing.
  await delay(moment);
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  const end = session.closed || session.destroyed ? "broken" : "open";
  session.destroy();
  return { text: texts.join(""), end };
}

/** Opens a session of HTTP/2 without TLS. */
export function openHttp2(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  return new Promise((resolve, reject) => session.once("connect", () => resolve(session)).once("error", reject));
}
