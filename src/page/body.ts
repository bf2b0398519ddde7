/**
 * The page as a response's body: in one go where it is short, else in a stream that is made as fast as it is read.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { EncodedChunks } from "./encoded_chunks.ts";
import { Gzip, smallestGzip } from "./gzip.ts";
import { idleSeconds, longestSeconds, type Place } from "./places.ts";

/** How a body ends: with how many bytes were sent, and whether that was all. */
export type BodyEnd = (bytes: number, isWhole: boolean) => void;

/** What a body is made with. */
export interface BodyOptions {
  readonly runtime: Pick<Runtime, "now" | "startTimer" | "stopTimer" | "deflater">;
  /** Whether the scraper takes gzip. */
  readonly gzip: boolean;
  /** Aborts when the scraper goes away, where the runtime tells it so. */
  readonly signal: AbortSignal | undefined;
  /** Comes back when the body ends. */
  readonly place: Place;
  /** Called once. */
  readonly onEnd: BodyEnd;
}

/** What stands in a response. */
export interface Body {
  readonly content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly isGzip: boolean;
}

/**
 * Makes a body.
 *
 * @returns The body; its first chunk is made already.
 */
export async function makeBody(chunks: EncodedChunks, options: BodyOptions): Promise<Body> {
  const { runtime: { deflater }, onEnd } = options;
  const first = await chunks.next();
  const isGzip = options.gzip && (!chunks.isDone || first.length >= smallestGzip) &&
    (deflater !== undefined || typeof CompressionStream === "function");
  if (chunks.isDone && (!isGzip || deflater)) {
    const content = isGzip ? new Gzip(deflater!).add(first, true) : first;
    options.place.free();
    onEnd(content.length, true);
    return { content, isGzip };
  }
  const stream = new PageStream(chunks, first, isGzip && deflater ? new Gzip(deflater) : undefined, options).readable;
  // Only where the runtime has no compressor of its own: this one may wait for a thread, or hold the loop longer.
  return { content: isGzip && !deflater ? stream.pipeThrough(new CompressionStream("gzip") as never) : stream, isGzip };
}

/** A page on its way. */
class PageStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #chunks: EncodedChunks;
  readonly #gzip: Gzip | undefined;
  readonly #options: BodyOptions;
  readonly #begin: number;
  #first: Uint8Array<ArrayBuffer> | undefined;
  #bytes = 0;
  #timer: unknown;
  #ended = false;
  #leave: () => void = () => {};

  constructor(chunks: EncodedChunks, first: Uint8Array<ArrayBuffer>, gzip: Gzip | undefined, options: BodyOptions) {
    this.#chunks = chunks;
    this.#first = first;
    this.#gzip = gzip;
    this.#options = options;
    this.#begin = options.runtime.now();
    const { signal } = options;
    this.readable = new ReadableStream({
      start: (controller) => {
        // Nobody reads what is closed here, and a server would log an error as if it were the app's.
        this.#leave = () => this.#abandon(() => controller.close());
        if (signal?.aborted) this.#leave();
        else signal?.addEventListener("abort", this.#leave, { once: true });
        this.#wait(controller);
      },
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#end(false),
      // Nothing is made before it is asked for.
    }, { highWaterMark: 0 });
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    this.#options.runtime.stopTimer?.(this.#timer);
    try {
      const chunk = this.#first ?? await this.#chunks.next();
      this.#first = undefined;
      if (this.#ended) return;
      const { isDone } = this.#chunks;
      const sent = this.#gzip ? this.#gzip.add(chunk, isDone) : chunk;
      this.#bytes += sent.length;
      if (sent.length > 0) controller.enqueue(sent);
      if (isDone) {
        this.#end(true);
        controller.close();
      } else {
        this.#wait(controller);
      }
    } catch {
      // What broke may tell of the app, and is nobody's business outside.
      this.#abandon(() => controller.error(new Error("Cannot send page: it could not be written")));
    }
  }

  #wait(controller: ReadableStreamDefaultController): void {
    if (this.#ended) return;
    const { runtime, place } = this.#options;
    place.aliveUntil = runtime.now() + idleSeconds;
    const giveUp = (): void => controller.error(new Error("Cannot send page: the scraper has gone away"));
    const left = Math.max(0, this.#begin + longestSeconds - runtime.now());
    this.#timer = runtime.startTimer?.(() => this.#abandon(giveUp), Math.min(idleSeconds, left));
  }

  #abandon(tell: () => void): void {
    if (this.#ended) return;
    this.#end(false);
    tell();
  }

  #end(isWhole: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.runtime.stopTimer?.(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#leave);
    this.#options.place.free();
    if (!isWhole) this.#chunks.stop();
    this.#options.onEnd(this.#bytes, isWhole);
  }
}
