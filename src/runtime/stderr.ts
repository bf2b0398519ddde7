/**
 * Lines on stderr, past the streams of a thread.
 *
 * @module
 */

import type { GlobalLike } from "./shim.ts";

/** `node:fs`, as far as it is used. */
interface FsLike {
  write(descriptor: number, text: string, done: () => void): void;
}

interface DenoLike {
  readonly stderr: { write(bytes: Uint8Array): Promise<number> };
}

/**
 * Writes a line without waiting for whoever reads stderr, who may have stopped.
 *
 * @returns Fulfilled when it is written, or cannot be.
 */
export async function writeStderr({ Deno, process }: GlobalLike, line: string): Promise<void> {
  // There `fs.write()` waits all the same, for a lock that the main thread may hold (Deno 2.9).
  if (Deno) await (Deno as unknown as DenoLike).stderr.write(new TextEncoder().encode(line)).catch(() => {});
  else {
    const { write } = process!.getBuiltinModule!("node:fs") as FsLike;
    await new Promise<void>((done) => write(2, line, () => done()));
  }
}
