import type { Server } from "node:net";
import mysql from "mysql2";
import { WireServer } from "./wire_server.ts";

/** What a server of mysql2 has for each client; its own types leave it out. */
interface ServerConnection {
  serverHandshake(options: object): void;
  on(event: "query" | "error" | "quit", listener: (...args: never[]) => void): void;
  writeOk(): void;
  close(): void;
  _resetSequenceId(): void;
}

interface Listener {
  readonly _server: Server;
  on(event: "connection", taken: (connection: ServerConnection) => void): void;
}

/** A server made by mysql2 itself: it answers each statement with an OK. */
export class MysqlServer extends WireServer {
  readonly #connections = new Set<ServerConnection>();

  private constructor(listener: Listener) {
    super(listener._server);
    listener.on("connection", (connection) => this.#serve(connection));
  }

  static async start(): Promise<MysqlServer> {
    const { createServer } = mysql as unknown as { createServer(): Listener };
    return await new MysqlServer(createServer()).listen();
  }

  protected override endConnections(): void {
    for (const connection of this.#connections) connection.close();
  }

  #serve(connection: ServerConnection): void {
    this.#connections.add(connection);
    connection.on("error", () => {});
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: "8.0.0",
      connectionId: this.#connections.size,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff,
      authCallback(_client: unknown, done: (error: null) => void) {
        done(null);
        connection._resetSequenceId();
      },
    });
    connection.on("query", () =>
      this.asked(() => {
        // Its parser has counted on from the handshake, but each statement begins at 0 and its answer at 1.
        connection._resetSequenceId();
        (connection as unknown as { sequenceId: number }).sequenceId = 1;
        connection.writeOk();
        connection._resetSequenceId();
      }));
  }
}
