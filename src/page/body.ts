/**
 * The page as a response's body: in one go where it is short, else in a stream that is made as fast as it is read.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { EncodedChunks } from "./encoded_chunks.ts";
import { Gzip, smallestGzip } from "./gzip.ts";
import { idleSeconds, longestSeconds, type Place } from "./scrape_places.ts";

export interface BodyOptions {
  readonly runtime: Pick<Runtime, "now" | "startTimer" | "stopTimer" | "deflater">;
  readonly gzip: boolean;
  /** Aborts when the scraper goes away, where the runtime tells it so. */
  readonly signal: AbortSignal | undefined;
  /** Comes back when the body ends. */
  readonly place: Place;
  /** Called once, with how many bytes were sent, and whether that was all. */
  readonly onEnd: (bytes: number, isWhole: boolean) => void;
}

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
  const { runtime: { deflater }, place, onEnd } = options;
  const first = await chunks.next();
  const isGzip = options.gzip && (!chunks.isDone || first.length >= smallestGzip) &&
    (deflater !== undefined || typeof CompressionStream === "function");
  if (chunks.isDone && (!isGzip || deflater)) {
    const content = isGzip ? new Gzip(deflater!).add(first, true) : first;
    place.free();
    onEnd(content.length, true);
    return { content, isGzip };
  }
  const stream = pageStream(chunks, first, isGzip && deflater ? new Gzip(deflater) : undefined, options);
  // Only where the runtime has no compressor of its own: this one may wait for a thread, or hold the loop longer.
  return { content: isGzip && !deflater ? stream.pipeThrough(new CompressionStream("gzip") as never) : stream, isGzip };
}

function pageStream(
  chunks: EncodedChunks,
  first: Uint8Array<ArrayBuffer>,
  gzip: Gzip | undefined,
  { runtime, signal, place, onEnd }: BodyOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const uselessAt = runtime.now() + longestSeconds;
  let next: Uint8Array<ArrayBuffer> | undefined = first;
  let bytes = 0;
  let timer: unknown;
  let isOver = false;
  let leave = (): void => {};

  const end = (isWhole: boolean): void => {
    isOver = true;
    runtime.stopTimer?.(timer);
    signal?.removeEventListener("abort", leave);
    place.free();
    onEnd(bytes, isWhole);
  };
  /** Ends it before all was sent, and tells whoever reads. */
  const abandon = (tell: () => void): void => {
    if (isOver) return;
    chunks.stop();
    end(false);
    tell();
  };
  const wait = (controller: ReadableStreamDefaultController): void => {
    if (isOver) return;
    const now = runtime.now();
    place.aliveUntil = now + idleSeconds;
    const giveUp = (): void =>
      abandon(() => controller.error(new Error("Cannot send page: the scraper has gone away")));
    timer = runtime.startTimer?.(giveUp, Math.min(idleSeconds, Math.max(0, uselessAt - now)));
  };
  return new ReadableStream({
    start(controller) {
      // Nobody reads what is closed here, and a server would log an error as if it were the app's.
      leave = () => abandon(() => controller.close());
      if (signal?.aborted) leave();
      else signal?.addEventListener("abort", leave, { once: true });
      wait(controller);
    },
    async pull(controller) {
      runtime.stopTimer?.(timer);
      try {
        const chunk = next ?? await chunks.next();
        next = undefined;
        if (isOver) return;
        const { isDone } = chunks;
        const sent = gzip ? gzip.add(chunk, isDone) : chunk;
        bytes += sent.length;
        if (sent.length > 0) controller.enqueue(sent);
        if (!isDone) return wait(controller);
        end(true);
        controller.close();
      } catch {
        // What broke may tell of the app, and is nobody's business outside.
        abandon(() => controller.error(new Error("Cannot send page: it could not be written")));
      }
    },
    cancel: () => abandon(() => {}),
    // Nothing is made before it is asked for.
  }, { highWaterMark: 0 });
}
