// WebSockets of Hono's, and what clients do with them.

import { HTTPException } from "hono/http-exception";
import type { UpgradeWebSocket, WSContext, WSEvents } from "hono/ws";
import type { Routed } from "./hono_kinds.ts";
import { ask, type Kind } from "./kind.ts";
import { type Message, saysNoMore } from "./wire.ts";

const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const version = "Sec-WebSocket-Version: 13\r\n";

/** A request for a WebSocket. */
function open(headers = "", method = "GET", ...more: string[]): Message {
  const head = `${method} PATH HTTP/1.1\r\nHost: localhost\r\n`;
  return [`${head}Connection: Upgrade\r\nUpgrade: websocket\r\n${version}${key}${headers}\r\n`, ...more];
}

/** A frame of a client's, under a mask of zeros. */
function frame(code: number, body: string, isLast = true): string {
  const length = body.length < 126
    ? String.fromCharCode(0x80 | body.length)
    : `\xfe${String.fromCharCode(body.length >> 8, body.length & 255)}`;
  return `${String.fromCharCode((isLast ? 0x80 : 0) | code)}${length}\0\0\0\0${body}`;
}

const text = (body: string): string => frame(1, body);
const bytes = (body: string): string => frame(2, body);
const close = (code?: number, reason = ""): string =>
  frame(8, code === undefined ? "" : String.fromCharCode(code >> 8, code & 255) + reason);

/** What a kind does with a socket, and what its client says. */
interface Spoken {
  events: () => WSEvents | Promise<WSEvents>;
  messages: readonly Message[];
}

const echo = (): WSEvents => ({
  onMessage: ({ data }, socket) => socket.send(data as string),
});
const onMessage = (answer: (socket: WSContext) => void) => (): WSEvents => ({
  onMessage: (_, socket) => answer(socket),
});
const usual: readonly Message[] = [open("", "GET", text("hello"), close(1000, "bye"))];

const spoken: Readonly<Record<string, Spoken>> = {
  "echoes a text": { events: echo, messages: usual },
  "echoes texts and bytes": {
    events: echo,
    messages: [open("", "GET", text("one"), bytes("\x01\x02\xff"), text("x".repeat(5000)), close(1000))],
  },
  "echoes a message in parts": {
    events: echo,
    messages: [open("", "GET", frame(1, "one ", false) + frame(0, "two"), close(1000))],
  },
  "is asked for a sign of life": { events: echo, messages: [open("", "GET", frame(9, "ping"), close(1000))] },
  "says hello": {
    events: () => ({ onOpen: (_, socket) => socket.send("hello") }),
    messages: [open("", "GET", close(1000))],
  },
  "tells how it was closed": {
    events: () => ({ onMessage: (_, socket) => socket.send("heard"), onClose: () => {} }),
    messages: [open("", "GET", text("a"), close(4321, "mine")), open("", "GET", text("a"), close())],
  },
  "closes by itself": {
    events: onMessage((socket) => socket.close(4001, "enough")),
    messages: [open("", "GET", text("a"), close(4001))],
  },
  "closes without a code": { events: onMessage((socket) => socket.close()), messages: [open("", "GET", text("a"))] },
  "sends behind its close": {
    events: onMessage((socket) => {
      socket.send("last");
      socket.close(1000);
    }),
    messages: [open("", "GET", text("a"), close(1000))],
  },
  "has no events": { events: () => ({}), messages: usual },
  "makes its events later": {
    events: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return echo();
    },
    messages: usual,
  },
  "is left without a word": { events: echo, messages: [open("", "GET", text("a"), saysNoMore)] },
  "is told nonsense": {
    events: echo,
    messages: [open("", "GET", frame(1, "\xff\xfe")), open("", "GET", frame(11, "x"))],
  },
  "is asked under protocols": {
    events: echo,
    messages: [open("Sec-WebSocket-Protocol: a, b\r\n", "GET", text("a"), close(1000))],
  },
  "is asked to compress": {
    events: echo,
    messages: [open("Sec-WebSocket-Extensions: permessage-deflate\r\n", "GET", text("aaaaaaaa"), close(1000))],
  },
  "refuses by an exception": {
    events: () => {
      throw new HTTPException(403, { message: "not you" });
    },
    messages: [open()],
  },
  "fails": {
    events: () => {
      throw new Error("boom");
    },
    messages: [open()],
  },
  "is asked for without an upgrade": { events: echo, messages: [ask("GET"), ask("HEAD")] },
  "is asked for by POST": { events: echo, messages: [open("Content-Length: 0\r\n", "POST")] },
  "is asked for in another version": {
    events: echo,
    messages: [
      `GET PATH HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 7\r\n${key}\r\n`,
    ],
  },
  "is asked for without a key": {
    events: echo,
    messages: [`GET PATH HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${version}\r\n`],
  },
};

/** Each of them, made by one runtime's `upgradeWebSocket()`. */
export function webSocketKinds(upgradeWebSocket: UpgradeWebSocket): Kind<Routed>[] {
  return Object.entries(spoken).map(([name, { events, messages }]) => ({
    name: `a WebSocket that ${name}`,
    messages,
    answer: async ({ c }) =>
      await upgradeWebSocket(events)(c, () => {
        c.res = c.text("no WebSocket", 426);
        return Promise.resolve();
      }) ?? (c.finalized ? c.res : undefined),
  }));
}
