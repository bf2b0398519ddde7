import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { MiddlewareHandler } from "hono";
import { runtimeName, type ServerExtras } from "./real_server.ts";

/** How this runtime's adapter of Hono upgrades a connection. */
export interface WebSocketSupport {
  /** A handler that upgrades what asks for it. */
  handler: MiddlewareHandler;
  /** What the server needs for that. */
  extras: ServerExtras;
}

/** As much of a server of the package `ws` as `@hono/node-server` asks for: it shakes hands and says nothing more. */
class HandshakeServer extends EventEmitter {
  options: { noServer: boolean } = { noServer: true };

  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    _head: Buffer,
    done: (webSocket: EventEmitter) => void,
  ): void {
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on("error", () => {}).on("end", () => socket.destroy()).resume();
    const webSocket = new EventEmitter();
    done(Object.assign(webSocket, { protocol: "", readyState: 1, send() {}, close: () => socket.end() }));
  }

  close(): void {}
}

/**
 * Loads the adapter of the runtime that the test runs on.
 *
 * @returns What a test needs to accept WebSockets.
 */
export async function webSocketSupport(): Promise<WebSocketSupport> {
  switch (runtimeName) {
    case "node": {
      const { upgradeWebSocket } = await import("@hono/node-server");
      return {
        handler: upgradeWebSocket(() => ({})),
        extras: { node: { websocket: { server: new HandshakeServer() } } },
      };
    }
    case "deno": {
      const { upgradeWebSocket } = await import("hono/deno");
      return { handler: upgradeWebSocket(() => ({})), extras: {} };
    }
    case "bun": {
      const { upgradeWebSocket, websocket } = await import("hono/bun");
      return { handler: upgradeWebSocket(() => ({})), extras: { bun: { websocket } } };
    }
  }
}
