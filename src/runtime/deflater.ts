/**
 * The compressor of pages.
 *
 * @module
 */

import { builtin } from "./builtin_module.ts";
import type { Deflater, ProcessLike } from "./shim.ts";

/** The calls of `node:zlib` that are used. */
interface ZlibLike {
  deflateRawSync(bytes: Uint8Array, options: { level: number; finishFlush: number }): Uint8Array;
  /** Absent before Node 20.15. */
  crc32?(bytes: Uint8Array, before: number): number;
  readonly constants: { readonly Z_SYNC_FLUSH: number; readonly Z_FINISH: number };
}

/** As fast as level 1 and as small as level 4 on pages of metrics, on each runtime: a twentieth of the page. */
const deflateLevel = 2;

/**
 * Makes the compressor of pages.
 *
 * It compresses on the caller's own thread, some 0.1 ms for 64 kB, and never goes through the hidden thread pool: a page
 * that waited there could not tell that the pool is full. `CompressionStream` does wait there on Node. Returns
 * undefined where `node:zlib` cannot be had or is too old.
 */
export function deflater(process: ProcessLike): Deflater | undefined {
  const zlib = builtin<ZlibLike>(process, "node:zlib");
  const crc32 = zlib?.crc32;
  if (!zlib || !crc32) return undefined;
  const { Z_SYNC_FLUSH, Z_FINISH } = zlib.constants;
  return {
    deflate: (bytes, isLast) =>
      zlib.deflateRawSync(bytes, { level: deflateLevel, finishFlush: isLast ? Z_FINISH : Z_SYNC_FLUSH }),
    crc32: (bytes, before) => crc32(bytes, before),
  };
}
