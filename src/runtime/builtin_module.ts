/**
 * Node's built-in modules, as Deno and Bun have them as well.
 *
 * @module
 */

import type { ProcessLike } from "./shim.ts";

/** Takes a built-in module without importing it, so that this file loads on every runtime. */
export function builtin<Module>(process: ProcessLike, id: string): Module | undefined {
  return process.getBuiltinModule?.(id) as Module | undefined;
}
