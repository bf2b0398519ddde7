/**
 * A message of Node's server as the request that it is.
 *
 * @module
 */

import { connectionOf, headersOf, type IncomingLike, urlOf } from "./message.ts";

/** What observers and computed labels see of the request: made of the message when they look. */
export class MessageRequest implements Pick<Request, "method" | "url" | "headers"> {
  readonly #incoming: IncomingLike;
  readonly #connection: ReturnType<typeof connectionOf>;

  /** Makes it of a message. */
  constructor(incoming: IncomingLike) {
    this.#incoming = incoming;
    this.#connection = connectionOf(incoming);
  }

  /** As the client sent it. */
  get method(): string {
    return this.#incoming.method ?? "GET";
  }

  /** The whole address. */
  get url(): string {
    return urlOf(this.#incoming, this.#connection);
  }

  /** The same as those of a `Request`. */
  get headers(): Headers {
    return headersOf(this.#incoming);
  }
}
