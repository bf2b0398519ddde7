/**
 * Which runtime is this?
 *
 * @module
 */

import { bunRuntime } from "./bun.ts";
import { type Timers, timers } from "./clock.ts";
import { denoRuntime } from "./deno.ts";
import { edgeRuntime } from "./edge.ts";
import { nodeRuntime } from "./node.ts";
import type { GlobalLike, Runtime, RuntimeName } from "./shim.ts";

/**
 * Tells the runtimes apart, the most specific first: workerd, Deno and Bun all carry Node's `process`, and workerd's
 * even has `versions.node`.
 *
 * @param global The global object to look at; an argument so that each runtime can be tested on any.
 * @returns The runtime's name; `edge` when none is recognised.
 */
export function detectRuntime(global: GlobalLike = globalThis as unknown as GlobalLike): RuntimeName {
  if (global.navigator?.userAgent === "Cloudflare-Workers") return "workerd";
  if (typeof global.Deno?.version?.deno === "string") return "deno";
  if (typeof global.Bun?.version === "string") return "bun";
  // The last condition keeps out browsers and test doms whose `process` is a stand-in with an `env` and no more.
  if (typeof global.process?.versions?.node === "string" && typeof global.process.cpuUsage === "function") {
    return "node";
  }
  return "edge";
}

/** The timers of this runtime; none where they run only within requests. */
export function currentTimers(global: GlobalLike = globalThis as unknown as GlobalLike): Partial<Timers> {
  const name = detectRuntime(global);
  return name === "edge" || name === "workerd" ? {} : timers(global);
}

/** Makes the shim of the runtime that the global object belongs to. */
export function currentRuntime(global: GlobalLike = globalThis as unknown as GlobalLike): Runtime {
  const name = detectRuntime(global);
  switch (name) {
    case "deno":
      return denoRuntime(global);
    case "bun":
      return bunRuntime(global);
    case "node":
      return nodeRuntime(global);
    default:
      return edgeRuntime(global, name);
  }
}
