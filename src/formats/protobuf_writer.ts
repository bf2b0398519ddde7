/**
 * Protocol buffers as they stand on the wire: varints, doubles, texts, and messages within messages.
 *
 * @module
 */

import { encoder } from "../runtime/text_encoder.ts";

/** How a value stands behind its tag. */
const varintWire = 0;
const fixed64Wire = 1;
const lengthWire = 2;

/** Writes fields, one behind the other. */
export class ProtobufWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  /** How many bytes are written. */
  length = 0;

  /** Writes an integer from 0 to 2^53. */
  uint(field: number, value: number): void {
    this.#tag(field, varintWire);
    this.length = putVarint(this.#bytes, this.length, value);
  }

  /** Writes an integer that may be below 0, zigzag: small ones are short whatever their sign. */
  sint(field: number, value: number): void {
    this.uint(field, zigzag(value));
  }

  /** Writes any number; no text and no JSON tells -0 from 0, so neither does this. */
  double(field: number, value: number): void {
    this.#tag(field, fixed64Wire);
    this.#view.setFloat64(this.length, value + 0, true);
    this.length += 8;
  }

  /** Writes bytes as they are, within what was begun. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    // They are few, and calling `set()` costs more than writing them.
    for (let i = 0; i < bytes.length; i++) this.#bytes[this.length++] = bytes[i]!;
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
      this.length += encoder.encodeInto(text.slice(i), this.#bytes.subarray(this.length)).written;
    }
    this.end(begin);
  }

  /** Begins a message within the message; what answers is to be handed to `end()` once its fields are written. */
  begin(field: number): number {
    this.#tag(field, lengthWire);
    // Most are shorter than 128 bytes, and those have a length of one byte; there is room for it behind a tag.
    return ++this.length;
  }

  /** Ends the message that was begun there. */
  end(begin: number): void {
    const size = this.length - begin;
    if (size < 0x80) {
      this.#bytes[begin - 1] = size;
      return;
    }
    const more = varintSize(size) - 1;
    this.#reserve(more);
    this.#bytes.copyWithin(begin + more, begin, this.length);
    this.length = begin - 1;
    this.varint(size);
    this.length += size;
  }

  /** Writes an integer without a tag, such as the length of a message on a stream. */
  varint(value: number): void {
    this.#reserve(10);
    this.length = putVarint(this.#bytes, this.length, value);
  }

  /** Takes what is written, and begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.length);
    this.length = 0;
    return bytes;
  }

  /** Writes a tag, and makes room for eight bytes behind it. */
  #tag(field: number, wire: number): void {
    this.#reserve(10);
    if (field > 15) this.#bytes[this.length++] = field * 8 & 0x7f | 0x80 | wire;
    this.#bytes[this.length++] = field > 15 ? field >> 4 : field * 8 | wire;
  }

  #reserve(size: number): void {
    if (this.length + size > this.#bytes.length) this.#grow(size);
  }

  #grow(size: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + size));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Puts an integer from 0 to 2^53 where there is room, and tells where the next byte goes. */
function putVarint(bytes: Uint8Array, begin: number, value: number): number {
  let at = begin;
  let rest = value;
  // Shifts would cut at 32 bits.
  for (; rest >= 0x80000000; rest = Math.floor(rest / 0x80)) bytes[at++] = rest % 0x80 + 0x80;
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = rest & 0x7f | 0x80;
  bytes[at++] = rest;
  return at;
}

/** Numbers from 0 on for integers of any sign: small ones stay small. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** How many bytes an integer takes. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
