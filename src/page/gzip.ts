/**
 * Gzip, a piece at a time.
 *
 * @module
 */

import type { Deflater } from "../runtime/shim.ts";

/** Below this a page is sent as it is, in bytes: it fits into one packet anyway. */
export const smallestGzip = 1024;

/** One gzip stream: a head, deflated pieces, and the checksum and length of it all. */
export class Gzip {
  readonly #deflater: Deflater;
  #crc = 0;
  #length = 0;
  #begun = false;

  constructor(deflater: Deflater) {
    this.#deflater = deflater;
  }

  add(bytes: Uint8Array<ArrayBuffer>, isLast: boolean): Uint8Array<ArrayBuffer> {
    this.#crc = this.#deflater.crc32(bytes, this.#crc);
    this.#length += bytes.length;
    const deflated = this.#deflater.deflate(bytes, isLast);
    const before = this.#begun ? 0 : head.length;
    const sent = new Uint8Array(before + deflated.length + (isLast ? 8 : 0));
    if (!this.#begun) sent.set(head);
    this.#begun = true;
    sent.set(deflated, before);
    if (isLast) {
      const trailer = new DataView(sent.buffer, before + deflated.length);
      trailer.setUint32(0, this.#crc, true);
      trailer.setUint32(4, this.#length, true);
    }
    return sent;
  }
}

/** Magic number, deflate, no flags, no time, no hint about the level, and a system that is not told (RFC 1952). */
const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
