// Files on disk for answers made of them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** Where they are, for as long as a test file runs. */
const folder = mkdtempSync(join(tmpdir(), "files-"));
after(() => rmSync(folder, { recursive: true }));

/** Writes one. */
export function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

export const text: string = file("text.txt", "0123456789".repeat(100));
export const large: string = file("large.bin", "0123456789abcdef".repeat(1 << 16));
export const empty: string = file("empty", "");
/** One that is not there. */
export const missing: string = join(folder, "none");
