import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";

/**
 * The frame of a server that speaks a database's protocol: it takes everybody in, and answers each statement once the test
 * lets it.
 */
export abstract class WireServer implements AsyncDisposable {
  readonly #server: Server;
  /** What answers the statements that were not answered yet, in the order in which they came. */
  readonly #open: (() => void)[] = [];
  /** Answer at once. */
  eager = false;

  protected constructor(server: Server) {
    this.#server = server;
  }

  /** Ends every connection. */
  protected abstract endConnections(): void;

  protected async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  /** Takes in a statement. */
  protected asked(answer: () => void): void {
    if (this.eager) answer();
    else this.#open.push(answer);
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
    this.endConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
