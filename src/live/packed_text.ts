/**
 * Texts that are deflated when this package is built, and put together to gzip when somebody asks: nobody holds a long text
 * in memory for a page that is not looked at, and nobody waits for its compression.
 *
 * @module
 */

/** A text that is always the same, deflated. */
export interface PackedText {
  /**
   * Blocks of deflate up to a byte's end, none of which is the last, in base64. A function, so that the text is made when it
   * is called for the first time.
   */
  readonly deflated: () => string;
  readonly bytes: number;
  readonly crc32: number;
  /** What the checksum of what stands before the text is multiplied by, so that the text's own can be added. */
  readonly factor: number;
}

/** The most that a block that is not compressed can hold, in bytes. */
const mostStored = 0xffff;

/** Magic number, deflate, no flags, no time, no hint about the level, and a system that is not told (RFC 1952). */
const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/** Makes one gzip stream of texts in a row; those that are not packed, which are short, are not compressed. */
export function gzipOf(pieces: readonly (PackedText | string)[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [head];
  let [crc, length] = [0, 0];
  for (const piece of pieces) {
    if (typeof piece !== "string") {
      parts.push(bytesOf(piece.deflated()));
      crc = (product(piece.factor, crc) ^ piece.crc32) >>> 0;
      length += piece.bytes;
      continue;
    }
    const bytes = encoder.encode(piece);
    for (let at = 0; at < bytes.length; at += mostStored) parts.push(...stored(bytes.subarray(at, at + mostStored), 0));
    crc = crc32(bytes, crc);
    length += bytes.length;
  }
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc, true);
  trailer.setUint32(4, length, true);
  parts.push(...stored(new Uint8Array(0), 1), new Uint8Array(trailer.buffer));
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Where the platform has nothing of its own for it, 50,000 characters take 2 ms the first time. */
function bytesOf(base64: string): Uint8Array {
  const { fromBase64 } = Uint8Array as { fromBase64?(base64: string): Uint8Array };
  if (fromBase64) return fromBase64.call(Uint8Array, base64);
  const { Buffer } = globalThis as { Buffer?: { from(text: string, encoding: "base64"): Uint8Array } };
  if (Buffer) return Buffer.from(base64, "base64");
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** A block of deflate that is not compressed (RFC 1951, 3.2.4). It begins at a byte, as what stands before it ends with one. */
function stored(bytes: Uint8Array, isLast: 0 | 1): [Uint8Array, Uint8Array] {
  const size = bytes.length;
  return [Uint8Array.of(isLast, size & 0xff, size >> 8, ~size & 0xff, (~size >> 8) & 0xff), bytes];
}

/** The polynomial of gzip's checksum, the highest power in the lowest bit. */
const polynomial = 0xedb88320;

/** Multiplies a polynomial by x, modulo that of the checksum. */
const timesX = (factor: number): number => (factor >>> 1) ^ (factor & 1 ? polynomial : 0);

/** Continues a checksum bit by bit: what is summed so has some hundred bytes, and a table would be 1 KiB. */
function crc32(bytes: Uint8Array, before: number): number {
  let crc = ~before;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = timesX(crc);
  }
  return ~crc >>> 0;
}

/** Multiplies two polynomials, modulo that of the checksum. */
function product(a: number, b: number): number {
  let sum = 0;
  for (let bit = 31; bit >= 0; bit--, b = timesX(b)) if ((a >>> bit) & 1) sum ^= b;
  return sum >>> 0;
}

/** The factor of a text of that many bytes, and its checksum; for whoever packs it. */
export function sumsOf(bytes: Uint8Array): Pick<PackedText, "bytes" | "crc32" | "factor"> {
  let factor = 1 << 31;
  for (let bit = 0; bit < bytes.length * 8; bit++) factor = timesX(factor);
  return { bytes: bytes.length, crc32: crc32(bytes, 0), factor: factor >>> 0 };
}
