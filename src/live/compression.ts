/**
 * What viewers get, compressed: the same for all of them once.
 *
 * @module
 */

import { concatenated } from "../http/bytes.ts";
import { Gzip, smallestGzip } from "../page/gzip.ts";
import type { Runtime } from "../runtime/shim.ts";

/** How much is compressed in one go, in bytes: about a millisecond's work. */
const sliceBytes = 24_576;

/** How many texts are kept: every viewer asks for the same ones. */
const mostTexts = 4;

export class Compression {
  readonly #runtime: Pick<Runtime, "deflater" | "nextTurn">;
  readonly #texts = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(runtime: Pick<Runtime, "deflater" | "nextTurn">) {
    this.#runtime = runtime;
  }

  /** Compresses a text that several viewers get; undefined where it is not worth it. */
  text(text: string): Promise<Uint8Array<ArrayBuffer>> | undefined {
    if (text.length < smallestGzip) return undefined;
    let bytes = this.#texts.get(text);
    if (!bytes) {
      if (this.#texts.size >= mostTexts) this.#texts.clear();
      this.#texts.set(text, bytes = this.#compress(text));
    }
    return bytes;
  }

  async #compress(text: string): Promise<Uint8Array<ArrayBuffer>> {
    const { deflater, nextTurn } = this.#runtime;
    const bytes = new TextEncoder().encode(text);
    if (!deflater) return await through(new CompressionStream("gzip"), bytes);
    const gzip = new Gzip(deflater);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      if (at > 0 && nextTurn) await new Promise<void>((resolve) => nextTurn(resolve));
      parts.push(gzip.add(bytes.subarray(at, at + sliceBytes), at + sliceBytes >= bytes.length));
    }
    return concatenated(parts);
  }
}

/** Passes bytes through one of the web's compressors, or back. */
export async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}
