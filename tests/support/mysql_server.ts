import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import mysql from "mysql2";

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

/** A server made by mysql2 itself: it takes everybody in, and answers each statement once the test lets it. */
export class MysqlServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #open: (() => void)[] = [];
  /** Answer at once. */
  eager = false;

  private constructor(listener: Listener) {
    this.#server = listener._server;
    listener.on("connection", (connection) => this.#serve(connection));
  }

  static async start(): Promise<MysqlServer> {
    const { createServer } = mysql as unknown as { createServer(): Listener };
    const server = new MysqlServer(createServer());
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many statements wait for their answer. */
  get open(): number {
    return this.#open.length;
  }

  /** Answers the oldest statement. */
  answer(): void {
    this.#open.shift()?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close();
    this.#server.close();
    await once(this.#server, "close");
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
    connection.on("query", () => {
      const answer = (): void => {
        // Its parser has counted on from the handshake, but each statement begins at 0 and its answer at 1.
        connection._resetSequenceId();
        (connection as unknown as { sequenceId: number }).sequenceId = 1;
        connection.writeOk();
        connection._resetSequenceId();
      };
      if (this.eager) answer();
      else this.#open.push(answer);
    });
  }
}
