/**
 * Messages as bytes on a stream: how many there are, a line feed, and then these.
 *
 * @module
 */

import { encoder } from "../runtime/text_encoder.ts";

/** The longest message, in bytes: some 100,000 label sets. */
export const longestMessage: number = 32 * 2 ** 20;

/** A length has no more digits. */
const mostDigits = 8;

/** Writes a message; undefined where it is longer than anybody would take. */
export function frameOf(text: string): Uint8Array | undefined {
  const body = encoder.encode(text);
  if (body.length > longestMessage) return undefined;
  const head = encoder.encode(`${body.length}\n`);
  const frame = new Uint8Array(head.length + body.length);
  frame.set(head);
  frame.set(body, head.length);
  return frame;
}

/** Reads messages from what comes, and keeps no more than the one that is under way. */
export class FrameReader {
  #digits = "";
  /** How many bytes of the message are missing; undefined while its length is read. */
  #missing: number | undefined;
  #parts: Uint8Array[] = [];
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });

  /**
   * Takes what has come, and returns the messages that are whole.
   *
   * @throws {RangeError} If there is no length where one should stand, or one that is longer than any may be.
   * @throws {TypeError} If a message is no text.
   */
  take(chunk: Uint8Array): string[] {
    const messages: string[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#missing === undefined) {
        this.#readDigit(chunk[at++]!);
        if (this.#missing !== 0) continue;
      }
      const part = chunk.subarray(at, at + this.#missing!);
      at += part.length;
      this.#missing! -= part.length;
      this.#parts.push(part);
      if (this.#missing! > 0) continue;
      messages.push(this.#text());
    }
    return messages;
  }

  #readDigit(byte: number): void {
    if (byte !== 10) {
      this.#digits += String.fromCharCode(byte);
      if (this.#digits.length > mostDigits || byte < 48 || byte > 57) throw new RangeError("expected a length");
      return;
    }
    const length = this.#digits === "" ? Number.NaN : Number(this.#digits);
    if (!(length <= longestMessage)) throw new RangeError("a message is too long");
    this.#digits = "";
    this.#missing = length;
  }

  #text(): string {
    const parts = this.#parts;
    this.#parts = [];
    this.#missing = undefined;
    const text = parts.map((part) => this.#decoder.decode(part, { stream: true })).join("");
    return text + this.#decoder.decode();
  }
}
