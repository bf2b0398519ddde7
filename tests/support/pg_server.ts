import { createServer, type Socket } from "node:net";
import { WireServer } from "./wire_server.ts";

/** Enough of PostgreSQL for a real `pg.Pool`: it answers each statement with no rows. */
export class PgServer extends WireServer {
  readonly #sockets = new Set<Socket>();

  private constructor() {
    const server = createServer((socket) => this.#serve(socket));
    super(server);
  }

  static async start(): Promise<PgServer> {
    return await new PgServer().listen();
  }

  protected override endConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
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
        else if (letter === "Q") this.asked(() => void socket.write(noRows));
        started = true;
      }
    });
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
const noRows = Buffer.concat([message("C", Buffer.from("SELECT 0\0")), ready]);
