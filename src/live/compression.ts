/**
 * What viewers get, compressed: what is the same for all of them once.
 *
 * @module
 */

import { concatenated } from "../http/body.ts";
import { Gzip, smallestGzip } from "../page/gzip.ts";
import type { Deflater, Runtime } from "../runtime/shim.ts";

const encoder = new TextEncoder();

/** How much is compressed in one go, in bytes: about a millisecond's work. */
const sliceBytes = 24_576;

/** Compresses texts; the newest few of them are kept, as every viewer asks for the same ones. */
export class Compression {
  readonly #runtime: Pick<Runtime, "deflater" | "nextTurn">;
  readonly #texts = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  readonly #slices = new Map<string, Uint8Array[]>();

  /** Makes one that has compressed nothing yet. */
  constructor(runtime: Pick<Runtime, "deflater" | "nextTurn">) {
    this.#runtime = runtime;
  }

  /** Compresses a text that several viewers get; undefined where it is not worth it. */
  text(text: string): Promise<Uint8Array<ArrayBuffer>> | undefined {
    if (text.length < smallestGzip) return undefined;
    let bytes = this.#texts.get(text);
    if (!bytes) {
      if (this.#texts.size >= 4) this.#texts.clear();
      this.#texts.set(text, bytes = this.pieces([text]));
    }
    return bytes;
  }

  /** Compresses pieces in a row; those at odd places are always the same, and are deflated once. */
  async pieces(pieces: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
    const { deflater } = this.#runtime;
    if (!deflater) return await byStream(pieces.join(""));
    const gzip = new Gzip({
      crc32: deflater.crc32,
      deflate: (bytes, isLast) => kept.shift() ?? deflater.deflate(bytes, isLast),
    });
    const kept: Uint8Array[] = [];
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (const [place, piece] of pieces.entries()) {
      const isLast = place === pieces.length - 1;
      const slices = slicesOf(piece);
      const deflated = place % 2 === 1 ? await this.#deflatedOnce(piece, slices, deflater) : [];
      for (const [i, slice] of slices.entries()) {
        if (deflated[i]) kept.push(deflated[i]);
        else if (i > 0) await this.#nextTurn();
        parts.push(gzip.add(slice, isLast && i === slices.length - 1));
      }
    }
    return concatenated(parts);
  }

  async #deflatedOnce(
    piece: string,
    slices: readonly Uint8Array[],
    deflater: Deflater,
  ): Promise<readonly Uint8Array[]> {
    const known = this.#slices.get(piece);
    if (known) return known;
    const made: Uint8Array[] = [];
    for (const slice of slices) {
      made.push(deflater.deflate(slice, false));
      // All of it takes some 5 ms.
      await this.#nextTurn();
    }
    this.#slices.set(piece, made);
    return made;
  }

  /** Gives the loop back. */
  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#runtime.nextTurn ? this.#runtime.nextTurn(resolve) : resolve());
  }
}

function slicesOf(text: string): Uint8Array<ArrayBuffer>[] {
  const bytes = encoder.encode(text);
  const slices: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += sliceBytes) slices.push(bytes.subarray(at, at + sliceBytes));
  return slices;
}

async function byStream(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
