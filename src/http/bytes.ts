/**
 * The bytes of pieces.
 *
 * @module
 */

/** Bun, and Node's server, also send pieces that are texts or plain buffers; what is none of these is no bytes. */
export function bytesOf(piece: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(piece)) {
    // The memory of an empty one may have been given away.
    return new Uint8Array(piece.byteLength ? piece.buffer : 0 as never, piece.byteOffset, piece.byteLength);
  }
  if (typeof piece === "string") return new TextEncoder().encode(piece);
  return piece instanceof ArrayBuffer ? new Uint8Array(piece) : undefined;
}

export function concatenated(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
