import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/**
 * Enough of PostgreSQL for a real `pg.Pool`: it takes everybody in, and answers each statement with no rows once the test
 * lets it.
 */
export class PgServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The statements that were not answered yet, in the order in which they came. */
  readonly #open: (() => void)[] = [];
  /** Answer at once. */
  eager = false;

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<PgServer> {
    const server = new PgServer();
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
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    let started = false;
    let bytes = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        // The first message has no letter before its length.
        const head = started ? 1 : 0;
        if (bytes.length < head + 4) return;
        const end = head + bytes.readInt32BE(head);
        if (bytes.length < end) return;
        const letter = started ? String.fromCharCode(bytes[0]!) : "";
        bytes = bytes.subarray(end);
        if (letter === "X") socket.end();
        else if (letter === "") socket.write(Buffer.concat([message("R", int32(0)), ready]));
        else if (letter === "Q") this.#query(socket);
        started = true;
      }
    });
  }

  #query(socket: Socket): void {
    const answer = (): void => void socket.write(Buffer.concat([message("C", Buffer.from("SELECT 0\0")), ready]));
    if (this.eager) answer();
    else this.#open.push(answer);
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function message(letter: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(letter), int32(body.length + 4), body]);
}

const ready = message("Z", Buffer.from("I"));
