/**
 * Protocol buffers as they stand on the wire: varints, doubles, texts, and messages within messages.
 *
 * @module
 */

const encoder = new TextEncoder();

/** How a value stands behind its tag. */
const [varintWire, fixed64Wire, lengthWire] = [0, 1, 2];

/** Writes fields, one behind the other. */
export class ProtobufWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  /** How many bytes are written. */
  length = 0;

  /** Writes an integer from 0 to 2^53. */
  uint(field: number, value: number): void {
    this.#tag(field, varintWire!);
    this.#varint(value);
  }

  /** Writes an integer that may be below 0, zigzag: small ones are short whatever their sign. */
  sint(field: number, value: number): void {
    this.uint(field, value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Writes any number. */
  double(field: number, value: number): void {
    this.#tag(field, fixed64Wire!);
    this.#reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Writes an integer that always takes eight bytes. */
  fixed64(field: number, value: bigint): void {
    this.#tag(field, fixed64Wire!);
    this.#reserve(8);
    this.#view.setBigUint64(this.length, value, true);
    this.length += 8;
  }

  /** Writes bytes as they are, within what was begun. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Writes a text as UTF-8; half of a pair that stands alone becomes the replacement character. */
  text(field: number, text: string): void {
    const begin = this.begin(field);
    this.#reserve(3 * text.length);
    // Most texts are short and plain, and calling the encoder costs more than writing them.
    let i = 0;
    for (; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      this.#bytes[this.length + i] = code;
    }
    this.length += i;
    if (i < text.length) {
      this.length += encoder.encodeInto(i === 0 ? text : text.slice(i), this.#bytes.subarray(this.length)).written;
    }
    this.end(begin);
  }

  /** Begins a message within the message; what answers is to be handed to `end()` once its fields are written. */
  begin(field: number): number {
    this.#tag(field, lengthWire!);
    // Most are shorter than 128 bytes, and those have a length of one byte.
    this.#reserve(1);
    return ++this.length;
  }

  /** Ends the message that was begun there. */
  end(begin: number): void {
    const size = this.length - begin;
    const more = varintSize(size) - 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(begin + more, begin, this.length);
    }
    this.length = begin - 1;
    this.#varint(size);
    this.length += size;
  }

  /** Writes the length of a message that comes from elsewhere: alone, as on a stream, or behind its tag. */
  prefix(size: number, field?: number): void {
    if (field !== undefined) this.#tag(field, lengthWire!);
    this.#varint(size);
  }

  /** Takes what is written, and begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.length);
    this.length = 0;
    return bytes;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    this.#reserve(10);
    // Shifts would cut at 32 bits.
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.length++] = rest;
  }

  #reserve(size: number): void {
    if (this.length + size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + size));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** How many bytes an integer takes. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
