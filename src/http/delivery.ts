/**
 * When is a response over?
 *
 * Not when the handler returns it: a body may take longer. Each runtime tells the end in its own way, and only where
 * none does is the body itself watched, since that costs throughput.
 *
 * @module
 */

import type { Exchange } from "./recorder.ts";

/** Node's outgoing message, as `@hono/node-server` hands it to a fetch handler. */
interface OutgoingLike {
  once(event: "close", listener: () => void): unknown;
}

/** What a server passes to a fetch handler beside the request, as far as it tells the end of the response. */
interface PlatformLike {
  /** `@hono/node-server`. */
  readonly outgoing?: Partial<OutgoingLike> | undefined;
  /** Deno's serve info: settles when the response was sent or its connection was lost. */
  readonly completed?: unknown;
}

/** Follows one response to its end. */
export class Delivery {
  readonly #exchange: Exchange;
  readonly #told: boolean;
  #status = clientClosedRequest;
  #route: string | undefined;

  /**
   * Begins to watch; called before the handler, since a client may leave before it answers.
   *
   * @param exchange The request under way.
   * @param platform What the server passed beside the request.
   */
  constructor(exchange: Exchange, platform: unknown) {
    this.#exchange = exchange;
    this.#told = this.#listen(platform as PlatformLike | undefined);
  }

  /**
   * Notes the response that the handler made.
   *
   * @param response The response; undefined for a connection that was upgraded.
   * @param route The route that answered, where it is known better than at the beginning.
   * @returns The response to send: the same one, save where its body has to be watched.
   */
  answer(response: Response, route?: string): Response {
    this.#status = response.status;
    this.#route = route;
    if (this.#told) return response;
    const body = response.body;
    if (!body) {
      this.#end();
      return response;
    }
    return new Response(watchBody(body, () => this.#end()), response);
  }

  /**
   * Ends the request without a body.
   *
   * @param status The status that the client sees.
   * @param route The route, where it is known better than at the beginning.
   */
  end(status: number, route?: string): void {
    this.#status = status;
    this.#route = route;
    this.#end();
  }

  #listen(platform: PlatformLike | undefined): boolean {
    if (typeof platform !== "object" || platform === null) return false;
    const end = (): void => this.#end();
    if (typeof platform.outgoing?.once === "function") {
      platform.outgoing.once("close", end);
      return true;
    }
    if (platform.completed instanceof Promise) {
      platform.completed.then(end, end);
      return true;
    }
    return false;
  }

  #end(): void {
    this.#exchange.end(this.#status, this.#route);
  }
}

/** The status under which requests are counted whose client left before there was an answer, as nginx writes it. */
const clientClosedRequest = 499;

/** Passes a body on and calls back once, at its end: sent whole, given up by the client, or broken. */
function watchBody(body: ReadableStream<Uint8Array>, end: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  });
}
