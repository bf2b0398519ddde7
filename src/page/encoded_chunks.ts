/**
 * Pieces of a page, as chunks of bytes that are made only when somebody asks for the next one.
 *
 * @module
 */

import { encoder } from "../runtime/text_encoder.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { Piece } from "../formats/formatted_page.ts";
import { concatenated } from "../http/bytes.ts";
import { nextSlice } from "../gather/loop_budget.ts";

/** How long a chunk becomes, in characters or bytes: a fraction of a millisecond's work. */
const chunkLength = 65_536;

/** How many pieces are made before the clock is read. One of them is a label set, of two thousand characters at most. */
const piecesPerLook = 16;

/** What every chunk is written to before its bytes are copied: it has room for each that has few letters beyond ASCII. */
let scratch: Uint8Array<ArrayBuffer> | undefined;

/** Writing into what is there and copying takes two thirds of the time of `encode()` on Bun, and no longer elsewhere. */
function encode(text: string): Uint8Array<ArrayBuffer> {
  scratch ??= new Uint8Array(2 * chunkLength);
  const { read, written } = encoder.encodeInto(text, scratch);
  return read === text.length ? scratch.slice(0, written) : encoder.encode(text);
}

export class EncodedChunks {
  readonly #runtime: Pick<Runtime, "now" | "nextTurn">;
  readonly #pieces: Iterator<Piece, void>;
  /** Was the chunk that was made last the last one? */
  isDone = false;
  /** How long it took to make the chunks so far, in seconds; what the scraper took to read them is not in it. */
  seconds = 0;

  /** Makes chunks of pieces that are all text or all bytes. */
  constructor(runtime: Pick<Runtime, "now" | "nextTurn">, pieces: Iterator<Piece, void>) {
    this.#runtime = runtime;
    this.#pieces = pieces;
  }

  /**
   * Makes the next chunk. The event loop is given back whenever pages have held it for a few milliseconds. It is
   * empty only where there is nothing at all.
   */
  async next(): Promise<Uint8Array<ArrayBuffer>> {
    const begin = this.#runtime.now();
    try {
      return await this.#make();
    } catch (error) {
      this.stop();
      throw error;
    } finally {
      this.seconds += this.#runtime.now() - begin;
    }
  }

  /** Ends the work: nobody wants the rest. */
  stop(): void {
    this.isDone = true;
    this.#pieces.return?.();
  }

  async #make(): Promise<Uint8Array<ArrayBuffer>> {
    let text = "";
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let i = 0, length = 0; length < chunkLength && !this.isDone; i++) {
      if (i % piecesPerLook === 0) await nextSlice(this.#runtime);
      const { done, value: piece } = this.#pieces.next();
      if (done) this.isDone = true;
      else {
        length += piece.length;
        if (typeof piece === "string") text += piece;
        else if (piece.length > 0) parts.push(piece);
      }
    }
    // Most chunks of bytes are one part, which nobody else holds.
    return parts.length > 1 ? concatenated(parts) : parts[0] ?? encode(text);
  }
}
